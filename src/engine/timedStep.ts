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
 * where that was so slow that it tells enough.
 */
export async function timedStep(kernels: Kernels, { network, trained, bnStatistics, samples }: TimedPart): Promise<number> {
  const from = freezeBoundary(network, new Set(trained)), { suffix } = splitAt(network, from);
  const state = createState({
    network, from, input: { mean: [0, 0, 0], std: [1, 1, 1] }, kernels, optimizer: adamW(), weights: randomWeights(suffix, 1),
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
    const firstMs = await once();
    if (firstMs > slowMs) return firstMs;
    const times: number[] = [];
    for (const startMs = monotonicMs(); times.length < mostSteps && monotonicMs() - startMs < slowMs;) times.push(await once());
    return times.sort((a, b) => a - b)[times.length >> 1]!;
  } finally {
    disposeState(state);
  }
}

const slowMs = 400, mostSteps = 5;
