import type { CachedFeatures } from '../protocol/answers.ts';
import { bytes } from '../base/units.ts';
import { visible } from '../protocol/diagnostic.ts';
import type { Paint } from './paint.ts';

/** What `thaw cache list` prints: the features that are kept, the last used first, and how much they take together. */
export function cacheTable(features: readonly CachedFeatures[], { bold, dim }: Paint): string {
  if (features.length === 0) return 'no features are kept here';
  const sum = features.reduce((total, { sizeBytes }) => total + sizeBytes, 0), width = Math.max(...features.map(({ title }) => title.length));
  return [
    ...features.map(({ title, sizeBytes, usedAt }) => `  ${visible(title).padEnd(width)}  ${bytes(sizeBytes).padStart(8)}  ${dim(`used ${usedAt.slice(0, 16).replace('T', ' ')} UTC`)}`),
    `${bold(bytes(sum))} in all`,
  ].join('\n');
}
