/**
 * Units that died: they gave something for some photos when their stage began, and give nothing for any of more photos now.
 * Through a ReLU that is never active no gradient passes, so it seldom comes back (Lu et al. 2019, arXiv:1903.06733).
 * Left out: units that were silent to begin with, and those that always give the same.
 */
import { percent } from '../base/units.ts';
import type { Diagnostic } from '../protocol/diagnostic.ts';

/** Layer → per unit 1 where it is silent, else 0. */
type Silent = ReadonlyMap<string, Uint8Array>;

export interface DeadLayer {
  readonly layer: string;
  readonly died: number;
  readonly units: number;
}

/**
 * Share of a layer's units from which on it is said. Measured on recycling6 in the layer that lost most, with EfficientNet-Lite0's
 * top block and the whole ResNet-20, both kinds of statistics: four runs at a usual rate lost 0 to 17 %; of six at a hundred or a
 * thousand times that, five lost 32 to 95 % and stood at a blind guess for most of their way, one lost 9 % and learnt. (The
 * notes of Stanford's CS231n name 40 % as what too high a rate can do.)
 */
export const deadShare = 0.25;

/** The layer in which most of the units died, if those are many. */
export function deadLayer(before: Silent, now: Silent): DeadLayer | undefined {
  const layers = [...now].map(([layer, units]): DeadLayer => {
    const were = before.get(layer)!;
    return { layer, units: units.length, died: units.filter((silent, i) => silent === 1 && were[i] === 0).length };
  });
  return layers.filter(({ died, units }) => died >= deadShare * units).sort((a, b) => b.died / b.units - a.died / a.units)[0];
}

export const deadUnitsWarning = ({ layer, died, units }: DeadLayer, { step, stage, rows }: { readonly step: number; readonly stage: string; readonly rows: number }): Diagnostic => ({
  code: 'dead-units', severity: 'warning',
  message: `at step ${step}, ${died} of ${units} units of "${layer}" (${percent(died / units, 0)}) are dead: they give nothing for any of ${rows} validation photos, and did when stage "${stage}" began`,
  fix: 'lower the stage\'s rate, to a tenth for example, or limit its steps with `clip: 1`: dead units get no gradient and seldom come back',
});
