import type { Dataset } from './photos/dataset.ts';
import type { FeatureSource } from './features/featureSource.ts';
import { evaluateBatch, type TrainState } from '../../engine/step.ts';
import { taskOf } from './stages/task.ts';

/** Logits [rows, classes] and loss per row, in the order of `rows`, centre view. Undefined on a stop: this can take minutes. */
export async function evaluateRows(
  state: TrainState, source: FeatureSource, rows: readonly number[], dataset: Dataset, batch: number, stop: AbortSignal,
): Promise<{ logits: Float32Array; loss: Float32Array } | undefined> {
  const logits: Float32Array[] = [], loss: Float32Array[] = [];
  const task = taskOf(dataset);
  let at = 0;
  for await (const x of source.blocks(rows.map((sample) => ({ sample, view: 'centre' })), batch)) {
    if (stop.aborted) return undefined;
    const here = rows.slice(at, at + batch);
    const full = Array.from({ length: batch }, (_, i) => here[i] ?? here[0]!), targets = task.targetsOf(full);
    const result = await evaluateBatch(state, { x, labels: Int32Array.from(full, (row) => dataset.labels[row]!), ...(targets && { targets }), weights: new Float32Array(batch).fill(1, 0, here.length).fill(0, here.length) });
    logits.push(result.logits);
    loss.push(result.losses);
    at += batch;
  }
  return { logits: joined(logits), loss: joined(loss) };
}

/** One after the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
