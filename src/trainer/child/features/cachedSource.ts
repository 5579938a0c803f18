import type { Dataset } from '../photos/dataset.ts';
import type { FeatureCache } from '../../../engine/featureCache.ts';
import type { FeatureSource, Row } from './featureSource.ts';
import type { RecordFormat } from '../../../engine/featureRecord.ts';
import type { View } from '../../../data/sample.ts';
import { residentBytes, streamedBytes } from '../../../backbones/cost.ts';
import { Refused } from '../../../protocol/diagnostic.ts';

export interface CachedFeatures {
  readonly cache: FeatureCache;
  readonly from: string;
  /** Values per view. */
  readonly width: number;
  readonly format: RecordFormat;
  readonly views: readonly View[];
}

/**
 * Boundary features of a dataset out of the cache, which holds all of them, verified: in memory, as they lie in the cache,
 * while they fit into `memoryBytes`. Beyond, they are streamed, many batches at once, so that the rows of a shuffled order
 * are read in the order of the disk.
 */
export function cachedSource({ cache, from, width, format, views }: CachedFeatures, { samples }: Dataset, memoryBytes = residentBytes): FeatureSource {
  const recordBytes = width * format.bytesPerValue;
  const read = async (rows: readonly Row[]): Promise<Uint8Array> => {
    const bytes = new Uint8Array(rows.length * recordBytes);
    const missing = await cache.read(rows.map(({ sample, view }) => ({ sha256: samples[sample]!.facts.sha256, view })), bytes);
    if (missing.length > 0) throw new Refused([{ code: 'cache-corrupt', severity: 'error', message: 'the feature cache was damaged while the run used it', fix: 'run it again: what is damaged is computed again' }]);
    return bytes;
  };
  const resident = new Map<View, Promise<Uint8Array>>();
  const viewOf = (view: View): Promise<Uint8Array> => {
    const loaded = resident.get(view) ?? read(samples.map((_, sample) => ({ sample, view })));
    resident.set(view, loaded);
    return loaded;
  };

  async function* fromMemory(rows: readonly Row[], size: number): AsyncGenerator<Float32Array> {
    for (let at = 0; at < rows.length; at += size) {
      const block = new Float32Array(size * width);
      for (const [i, { sample, view }] of rows.slice(at, at + size).entries()) {
        const bytes = await viewOf(view);
        format.decode(bytes.subarray(sample * recordBytes, (sample + 1) * recordBytes), block.subarray(i * width, (i + 1) * width));
      }
      yield block;
    }
  }

  /** While the steps take one window's batches, the next window is on its way. */
  async function* fromDisk(rows: readonly Row[], size: number): AsyncGenerator<Float32Array> {
    const window = size * Math.max(1, Math.floor(Math.min(streamedBytes, memoryBytes / 4) / (size * recordBytes)));
    const windowAt = (at: number): Promise<Uint8Array> => {
      const reading = read(rows.slice(at, at + window));
      reading.catch(() => undefined); // heard where it is awaited, unless the run stops before
      return reading;
    };
    let next = windowAt(0);
    for (let at = 0; at < rows.length; at += window) {
      const bytes = await next;
      if (at + window < rows.length) next = windowAt(at + window);
      for (let from = 0; from < bytes.length; from += size * recordBytes) {
        const batch = bytes.subarray(from, from + size * recordBytes), block = new Float32Array(size * width);
        format.decode(batch, block.subarray(0, batch.length / format.bytesPerValue));
        yield block;
      }
    }
  }

  const isSmall = samples.length * views.length * recordBytes <= memoryBytes;
  return { from, width, blocks: isSmall ? fromMemory : fromDisk };
}
