import * as tf from '@tensorflow/tfjs-core';
import '../gradients.ts';
import { version_cpu } from '@tensorflow/tfjs-backend-cpu';
import { portable } from '../kernels.ts';
import type { Rung } from './rung.ts';

/** Plain JavaScript: the reference that the others are held against. Far too slow to train with; never chosen. */
export const cpu: Rung = {
  name: 'cpu',
  async start() {
    await tf.setBackend('cpu');
    return {
      ok: true,
      warnings: [],
      // The factory stays registered, so what lives on the backend is freed with its tensors.
      value: { title: `JavaScript (tfjs ${version_cpu})`, device: 'cpu', threads: 1, kernels: portable, dispose: () => undefined },
    };
  },
};
