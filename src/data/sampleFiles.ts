import { grouped } from '../base/grouped.ts';
import { codePoints } from '../base/order.ts';
import { rng } from '../base/rng.ts';
import type { FoundFile } from './sample.ts';

/** Of each class, before shares count: a class of which there is one photo cannot be left-one-out. */
const firstOfClass = 5;

/**
 * At most `limit` files, each class in its share, but of rare classes at least a few; the same for the same files and
 * seed, whatever their order. Of a folder with its own splits those for training only: what tests must not choose.
 */
export function sampleFiles(files: readonly FoundFile[], limit: number, seed: number): readonly FoundFile[] {
  const usable = files.filter(({ givenSplit }) => givenSplit === undefined || givenSplit === 'train').sort((a, b) => codePoints(a.id, b.id));
  const drawn = [...grouped(usable, ({ label }) => label)].flatMap(([label, members]) =>
    rng(seed, 'sample', label).shuffled(members).map((file, i) => ({ file, turn: i < firstOfClass ? i - firstOfClass : (i + 0.5) / members.length })));
  const chosen = new Set(drawn.sort((a, b) => a.turn - b.turn).slice(0, limit).map(({ file }) => file));
  return usable.filter((file) => chosen.has(file));
}
