import { createHash } from 'node:crypto';
import type { Sample, SampleId, Split } from '../../src/data/sample.ts';

export interface SampleOptions {
  /** Equal texts make equal files; left out: the id. */
  readonly content?: string;
  readonly hashes?: readonly string[];
  readonly givenSplit?: Split;
  readonly duplicateGroup?: string;
}

/** A sample as the scan and the decoder would make it; its class is the folder in `id` above the name. */
export function sampleOf(id: string, { content = id, hashes = [], ...rest }: SampleOptions = {}): Sample {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { id: id as SampleId, label: id.split('/').at(-2)!, sizeBytes: 1000, ...rest, facts: { sha256, width: 640, height: 480, format: 'JPEG', hashes, notes: [] } };
}
