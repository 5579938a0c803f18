/** What bundles take for `@tensorflow/tfjs`: of the umbrella package only the core, its gradients and chained ops. */
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';

export * from '@tensorflow/tfjs-core';
