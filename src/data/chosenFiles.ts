import { grouped } from '../base/grouped.ts';
import { rng } from '../base/rng.ts';
import { percent } from '../base/units.ts';
import type { DataPlan } from '../experiment/plan.ts';
import { fewestPerClass } from './classSize.ts';
import type { FoundFile } from './sample.ts';

export interface Chosen {
  readonly files: readonly FoundFile[];
  /** "36 of 360 photos: a subset of 10 %"; absent when all are used. */
  readonly words?: string;
}

/**
 * The files that a run uses: a share of each class (of each given split), at least as many as a class needs, and no more
 * than the cap. The split's seed draws them, in an order that neither share nor cap moves: a larger choice holds a
 * smaller one, so that a quick try has tested nothing that the whole run trains on.
 */
export function chosenFiles(files: readonly FoundFile[], { subset, maxPerClass, split: { seed } }: Pick<DataPlan, 'subset' | 'maxPerClass' | 'split'>): Chosen {
  if (subset === 1 && maxPerClass === 0) return { files };
  const chosen = new Set<FoundFile>();
  for (const [key, members] of grouped(files, ({ label, stratum, givenSplit = '' }) => `${givenSplit}/${stratum ?? label}`)) {
    const share = Math.max(Math.round(subset * members.length), Math.min(fewestPerClass, members.length));
    const count = maxPerClass === 0 ? share : Math.min(share, maxPerClass);
    for (const file of rng(seed, 'subset', key).shuffled(members).slice(0, count)) chosen.add(file);
  }
  const why = [subset < 1 ? `a subset of ${percent(subset, 1)}` : '', maxPerClass > 0 ? `at most ${maxPerClass} of a class` : ''].filter((part) => part !== '');
  return { files: files.filter((file) => chosen.has(file)), words: `${chosen.size} of ${files.length} photos: ${why.join(', ')}` };
}
