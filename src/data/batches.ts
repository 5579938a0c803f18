import type { Rng } from '../base/rng.ts';

/** Rows of one step. Every batch of an epoch has as many, so that shapes never change. */
export interface Batch<T> {
  /** The last batch is filled up by repeating rows from the first one. */
  readonly rows: readonly T[];
  /** [rows]: 1, or 0 for a row that only fills: it must not count in the loss. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** Rows that count. */
  readonly items: number;
}

export interface BatchOptions {
  readonly batchSize: number;
  /** Shuffles, one stream per epoch: `rng(seed, 'shuffle', epoch)`. Left out: the order of `items`. */
  readonly rng?: Rng;
}

/** One pass over `items`. */
export function* batches<T>(items: readonly T[], { batchSize, rng }: BatchOptions): Generator<Batch<T>> {
  const order = rng ? rng.shuffled(items) : items;
  for (let start = 0; start < order.length; start += batchSize) {
    const count = Math.min(batchSize, order.length - start);
    const rows = Array.from({ length: batchSize }, (_, row) => order[row < count ? start + row : (row - count) % order.length]!);
    yield { rows, weights: new Float32Array(batchSize).fill(1, 0, count), items: count };
  }
}

/** Steps of one epoch. */
export const batchCount = (items: number, batchSize: number): number => Math.ceil(items / batchSize);
