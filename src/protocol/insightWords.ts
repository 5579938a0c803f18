import { percent, pText } from '../base/units.ts';
import type { BlockTransfer, Calibration, Transfer } from './insight.ts';

/** What a look back found, in words that page and terminal share. */

/** "Calibration error 8.1 % on 72 test images (3.9 % would be chance); 3.2 % with its logits divided by 1.62, fitted on 60 validation images". */
export function calibrationText({ temperature, why, validationItems, items, before, after }: Calibration): string {
  const mended = why === undefined
    ? `${percent(after.ece)} with its logits divided by ${temperature.toFixed(2)}, a temperature fitted on ${validationItems} validation images: ${temperature > 1 ? 'it was too sure' : 'it was not sure enough'} there.`
    : `no temperature was fitted: ${why}.`;
  return `Calibration error ${percent(before.ece)} on ${items} test images (${percent(before.chanceEce)} would be chance); ${mended}`;
}

/** Of what the source task's head says now: on the run's own images, which never were that task's. */
export function driftText({ sourceHead, source }: Transfer): string | undefined {
  if (!sourceHead) return undefined;
  const { agreement: { value, low, high, items }, classes } = sourceHead;
  return `Source-head drift: the old head of ${classes} source classes says the same before and after on ${percent(value)} of ${items} validation images (95 % interval ${percent(low)} – ${percent(high)})${source ? '.' : '; accuracy on the source task was not measured: `sourceData` in the experiment file names photos of it.'}`;
}

/** "Source accuracy on hymenoptera: 91.2 % before, 80.1 % after fine-tuning, −11.1 points (95 % interval −15.0 … −7.6, exact McNemar p < .001), 396 photos of 2 of the source's 1000 classes". */
export function forgettingText({ name, classes, matched, before, after, change, p }: NonNullable<Transfer['source']>): string {
  const clearly = p >= 0.05 ? 'No forgetting was shown.' : change.value < 0 ? 'Forgetting was shown.' : 'It has gained there.';
  return `Source accuracy on ${name}, with the source’s own head: ${percent(before.value)} before and ${percent(after.value)} after fine-tuning, ${points(change.value)} points (95 % interval ${points(change.low)} … ${points(change.high)}, exact McNemar p ${pText(p)}), ${before.items} photos of ${matched} of its ${classes} classes. ${clearly}`;
}

const points = (share: number): string => `${share > 0 ? '+' : share < 0 ? '−' : ''}${Math.abs(100 * share).toFixed(1)}`;

/** "most changed: conv_head 12.0 %, CKA 0.81 (random 0.12)"; undefined where no feature changed. */
export function transferText({ blocks, changes }: Transfer): string | undefined {
  const rows: readonly BlockTransfer[] = blocks.length > 0 ? blocks : changes, [most] = [...rows].sort((a, b) => b.change - a.change);
  if (!most || most.change === 0) return undefined;
  const cka = most.cka ? `, CKA ${most.cka.value.toFixed(2)} before and after (random weights: ${most.cka.control.toFixed(2)})` : '';
  return `Moved most: ${most.path}, by ${percent(most.change)} of its weights' size${cka}.`;
}
