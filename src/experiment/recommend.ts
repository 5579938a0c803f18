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
  /** Time that there is; left out: `usualMinutes`, which nobody asked for. */
  readonly budgetMinutes?: number;
}

/** A plan that is started by pressing Enter ends before one goes for lunch; longer ones are chosen by hand. */
export const usualMinutes = 15;

/**
 * Photos per class. Below `some`, docs/studies/presets.md has measured; beyond, the numbers follow Kornblith et al. 2019
 * (arXiv:1805.08974, figure 6), where training all layers pulls away from the head alone.
 */
const bounds = { handful: 20, some: 300, many: 2000 } as const;

/** Which preset fits a folder, this machine and the time at hand, and why, in one sentence. */
export function recommend({ task, images, classes, distance, secondsOf, budgetMinutes }: FolderFacts): { readonly preset: PresetName; readonly why: string } {
  const perClass = Math.floor(images / Math.max(1, classes)), [best, ...cheaper] = fitting(perClass, task === undefined, distance === 'far');
  const fits = (preset: PresetName): boolean => secondsOf(preset) <= 60 * (budgetMinutes ?? usualMinutes);
  const { preset } = [best, ...cheaper].find((each) => fits(each.preset)) ?? cheaper.at(-1) ?? best;
  const took = (of: PresetName): string => about(1000 * secondsOf(of)), budget = budgetMinutes === undefined ? undefined : about(60_000 * budgetMinutes);
  const why = `${perClass} photos${task === 'image-regression' ? '' : task ? ' per label' : ' per class'} are ${best.why}${distance === undefined ? ' (how near they are to what the backbone knows could not be looked at)' : ''}`;
  const instead = preset === best.preset ? undefined : `; but "${presetOf(best.preset).title}" would take ${took(best.preset)} on this machine${budget === undefined ? '' : `, more than the ${budget} that there are`}, and this takes ${took(preset)}`;
  return { preset, why: `${why}${instead ?? (budget === undefined || !fits(preset) ? '' : `, and fits the ${budget} that there are`)}${budget === undefined || fits(preset) ? '' : `. No plan for so many photos fits ${budget}: training will end early`}.` };
}

/** What is recommended when there is so much time. `budgetMinutes` left out: as it was. */
export function withBudget(estimate: Estimate, budgetMinutes: number | undefined): Estimate {
  if (budgetMinutes === undefined || estimate.plans.length === 0) return estimate;
  const { preset: best, why } = recommend({ ...estimate, distance: estimate.distance, budgetMinutes, secondsOf: (preset) => estimate.plans.find((plan) => plan.preset === preset)?.seconds ?? Infinity });
  return { ...estimate, why, plans: [...estimate.plans].sort((a, b) => Number(b.preset === best) - Number(a.preset === best)) };
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
