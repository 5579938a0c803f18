import { percent } from '../base/units.ts';
import type { BlockTransfer, Calibration, Transfer } from './insight.ts';

/** What a look back found, in words that page and terminal share. */

/** "Calibration error 8.1 % on 72 test images (3.9 % would be chance); 3.2 % with its logits divided by 1.62, fitted on 60 validation images". */
export function calibrationText({ temperature, why, validationItems, items, before, after }: Calibration): string {
  const mended = why === undefined
    ? `${percent(after.ece)} with its logits divided by ${temperature.toFixed(2)}, a temperature fitted on ${validationItems} validation images: ${temperature > 1 ? 'it was too sure' : 'it was not sure enough'} there.`
    : `no temperature was fitted: ${why}.`;
  return `Calibration error ${percent(before.ece)} on ${items} test images (${percent(before.chanceEce)} would be chance); ${mended}`;
}

export const driftText = ({ agreement: { value, low, high, items }, classes }: NonNullable<Transfer['sourceHead']>): string =>
  `Source-head drift: the old head of ${classes} source classes says the same before and after on ${percent(value)} of ${items} validation images (95 % interval ${percent(low)} – ${percent(high)}); accuracy on the source task was not measured.`;

/** "most changed: conv_head 12.0 %, CKA 0.81 (random 0.12)"; undefined where no feature changed. */
export function transferText({ blocks, changes }: Transfer): string | undefined {
  const rows: readonly BlockTransfer[] = blocks.length > 0 ? blocks : changes, [most] = [...rows].sort((a, b) => b.change - a.change);
  if (!most || most.change === 0) return undefined;
  const cka = most.cka ? `, CKA ${most.cka.value.toFixed(2)} before and after (random weights: ${most.cka.control.toFixed(2)})` : '';
  return `Moved most: ${most.path}, by ${percent(most.change)} of its weights' size${cka}.`;
}
