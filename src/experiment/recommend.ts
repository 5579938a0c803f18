import { about } from '../base/units.ts';
import type { Estimate } from '../protocol/answers.ts';
import { presetOf, type PresetName } from './presets.ts';

export interface FolderFacts {
  /** Left out: one class per photo. */
  readonly task?: Estimate['task'];
  /** Photos, over all classes. */
  readonly images: number;
  readonly classes: number;
  /** How far the photos are from what the backbone was trained on, as pre-flight says (evidence/preflight.ts); left out: not known. */
  readonly distance?: 'near' | 'far' | undefined;
  /** How long a preset would take here, from start to verdict. */
  readonly secondsOf: (preset: PresetName) => number;
}

/** A plan that is started by pressing Enter ends before one goes for lunch; longer ones are chosen by hand. */
export const usualMinutes = 15;

/**
 * Photos per class. Below `some`, docs/studies/presets.md has measured; beyond, the numbers follow Kornblith et al. 2019
 * (arXiv:1805.08974, figure 6), where training all layers pulls away from the head alone.
 */
const bounds = { handful: 20, some: 300, many: 2000 } as const;

/** Which preset fits a folder and this machine, and why, in one sentence. */
export function recommend({ task, images, classes, distance, secondsOf }: FolderFacts): { readonly preset: PresetName; readonly why: string } {
  const perClass = Math.floor(images / Math.max(1, classes)), [best, ...cheaper] = fitting(perClass, task === undefined, distance === 'far');
  const inTime = [best, ...cheaper].find(({ preset }) => secondsOf(preset) <= 60 * usualMinutes) ?? cheaper.at(-1) ?? best;
  const why = `${perClass} photos${task === 'image-regression' ? '' : task ? ' per label' : ' per class'} are ${best.why}${distance === undefined ? ' (how near they are to what the backbone knows could not be looked at)' : ''}`;
  if (inTime === best) return { preset: best.preset, why: `${why}.` };
  const took = (preset: PresetName): string => about(1000 * secondsOf(preset));
  return { preset: inTime.preset, why: `${why}; but "${presetOf(best.preset).title}" would take ${took(best.preset)} on this machine, and this takes ${took(inTime.preset)}.` };
}

interface Fitting {
  readonly preset: PresetName;
  /** After "60 photos per class are ". */
  readonly why: string;
}

/** The best first, then what it gives way to where time is short. */
function fitting(perClass: number, ofClasses: boolean, isFar: boolean): readonly [Fitting, ...Fitting[]] {
  const head: Fitting = ofClasses
    ? { preset: 'few-images', why: 'few: a head that begins as class means and is held back does as well there as what takes far longer' }
    : { preset: 'features-only', why: 'few: the head alone learns fast and seldom overfits' };
  const top: Fitting = { preset: 'top-blocks', why: 'enough to adapt the last blocks too' };
  if (perClass < bounds.handful) return [head];
  if (isFar && perClass < bounds.many) return [{ preset: 'gradual', why: 'enough to move layers by, which have to: they are far from what the backbone was trained on' }, top, head];
  if (perClass < bounds.some) return [head];
  if (perClass < bounds.many) return [top, head];
  return [{ preset: 'everything', why: 'enough to adapt every layer' }, top, head];
}

/** For the head of the file: what was seen in the folder, what was recommended and why, and how long it should take. */
export function becauseOf({ task, images, classes, plans, why }: Estimate, chosen: PresetName): string {
  const [best] = plans, own = plans.find(({ preset }) => preset === chosen), takes = own ? ` Predicted: ${about(1000 * own.seconds)} on this machine.` : '';
  const seen = `${images} photos ${task === 'image-regression' ? 'with a number each' : `${task ? 'with' : 'in'} ${classes} ${task ? 'labels' : 'classes'}`}.`;
  return best && best.preset !== chosen ? `${seen} Chosen by hand; recommended was "${best.title}": ${why}${takes}` : `${seen} ${why}${takes}`;
}
