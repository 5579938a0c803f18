/** Importing this makes the pure JavaScript backend, the reference among the engines, the current one. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import '@tensorflow/tfjs-backend-cpu';

await tf.setBackend('cpu');
