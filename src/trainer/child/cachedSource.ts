import type { Dataset } from './dataset.ts';
import type { FeatureCache } from '../../engine/featureCache.ts';
import type { FeatureSource, Row } from './featureSource.ts';
import type { View } from '../../data/sample.ts';
import { Refused } from '../../protocol/diagnostic.ts';

/** Features are held in memory up to this; beyond, each batch is read from the cache. */
const memoryBytes = 1 << 30;

/** Boundary features of a dataset out of the cache, which holds all of them, verified. */
export async function cachedSource(cache: FeatureCache, from: string, width: number, { samples }: Dataset): Promise<FeatureSource> {
  const read = async (rows: readonly Row[]): Promise<Float32Array> => {
    const block = new Float32Array(rows.length * width);
    const missing = await cache.read(rows.map(({ sample, view }) => ({ sha256: samples[sample]!.facts.sha256, view })), new Uint8Array(block.buffer));
    if (missing.length > 0) throw new Refused([{ code: 'cache-corrupt', severity: 'error', message: 'the feature cache was damaged while the run used it', fix: 'run it again: what is damaged is computed again' }]);
    return block;
  };
  const resident = new Map<View, Promise<Float32Array>>();
  const viewOf = (view: View): Promise<Float32Array> => {
    const loaded = resident.get(view) ?? read(samples.map((_, sample) => ({ sample, view })));
    resident.set(view, loaded);
    return loaded;
  };
  const isSmall = samples.length * width * Float32Array.BYTES_PER_ELEMENT <= memoryBytes;
  const gather = async (rows: readonly Row[], block: Float32Array): Promise<void> => {
    for (const [i, { sample, view }] of rows.entries()) {
      block.set((await viewOf(view)).subarray(sample * width, (sample + 1) * width), i * width);
    }
  };
  return {
    from,
    width,
    async *blocks(rows, size) {
      for (let at = 0; at < rows.length; at += size) {
        const here = rows.slice(at, at + size), block = new Float32Array(size * width);
        if (isSmall) await gather(here, block);
        else block.set(await read(here));
        yield block;
      }
    },
  };
}
