import type { Plan } from './plan.ts';

/**
 * What of an experiment decides which photos are used and how many outputs they ask for, as the text of an experiment of its
 * own (JSON is YAML): what predictions are kept by, and what a trainer that counts photos is asked with.
 */
export function dataText({ task, data: { folder, manifest, columns, maxPerClass, subset, split: { seed } } }: Pick<Plan, 'task' | 'data'>): string {
  return JSON.stringify({ thaw: 1, task, data: { ...(manifest === undefined ? { folder } : { manifest, columns }), maxPerClass, subset, split: { seed } } });
}
