/** Importing this makes the pure JavaScript backend, the reference among the engines, the current one. */
import * as tf from '@tensorflow/tfjs-core';
import '../../src/engine/gradients.ts';
import '@tensorflow/tfjs-backend-cpu';

await tf.setBackend('cpu');
