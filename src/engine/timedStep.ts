/** How long an engine takes for one step, forward, backward and update, of a part of a network. */
import { freezeBoundary, splitAt } from '../backbones/boundary.ts';
import { randomWeights } from '../backbones/initialise.ts';
import { sizeOf } from '../backbones/shapes.ts';
import { monotonicMs } from '../base/clock.ts';
import { rng } from '../base/rng.ts';
import type { Kernels } from './kernels.ts';
import { adamW } from './optimizer.ts';
import { createState, disposeState, setStage, takeLoss, trainStep } from './step.ts';
import type { TimedPart } from './timedPart.ts';

/**
 * Milliseconds: the median of up to five steps after a first one, which also makes room and compiles; the first one alone
 * where no other fits into `leftMs`.
 */
export async function timedStep(kernels: Kernels, { network, trained, bnStatistics, samples }: TimedPart, leftMs = Infinity): Promise<number> {
  const startMs = monotonicMs(), from = freezeBoundary(network, new Set(trained)), { suffix } = splitAt(network, from);
  const state = createState({
    network, from, input: { mean: [0, 0, 0], std: [1, 1, 1] }, kernels, optimizer: adamW(), weights: randomWeights(suffix, 1, 4096),
  });
  try {
    setStage(state, { groups: [{ names: trained, rateFactor: 1, weightDecay: 0 }], bnStatistics });
    const random = rng(1, 'timed step');
    const x = Float32Array.from({ length: samples * sizeOf(suffix.input) }, () => random.next());
    const batch = { x, labels: new Int32Array(samples), weights: new Float32Array(samples).fill(1) };
    const once = async (): Promise<number> => {
      const startMs = monotonicMs();
      trainStep(state, batch, 1e-3);
      await takeLoss(state);
      return monotonicMs() - startMs;
    };
    const firstMs = await once(), times: number[] = [], warmMs = monotonicMs();
    const isEnough = (): boolean => times.length === mostSteps || (times.length > 0 && monotonicMs() - warmMs > enoughMs);
    while (!isEnough() && monotonicMs() - startMs + (times.at(-1) ?? firstMs) < leftMs) times.push(await once());
    return times.sort((a, b) => a - b)[times.length >> 1] ?? firstMs;
  } finally {
    disposeState(state);
  }
}

const enoughMs = 400, mostSteps = 5;
