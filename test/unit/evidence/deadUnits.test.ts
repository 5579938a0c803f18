import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deadLayer, deadUnitsWarning } from '../../../src/evidence/deadUnits.ts';

const units = (...silent: readonly number[]): Uint8Array => Uint8Array.from({ length: 10 }, (_, i) => Number(silent.includes(i)));
const layers = (a: Uint8Array, b = units()): ReadonlyMap<string, Uint8Array> => new Map([['a', a], ['b', b]]);

test('units that fell silent since the stage began are dead; those that were silent then are not counted', () => {
  assert.deepEqual(deadLayer(layers(units(7)), layers(units(0, 1, 2, 7))), { layer: 'a', died: 3, units: 10 });
  assert.equal(deadLayer(layers(units(0, 1, 7)), layers(units(0, 1, 7))), undefined);
  assert.equal(deadLayer(layers(units(0, 1)), layers(units(2, 3))), undefined, 'two in ten are not many, and two came back');
});

test('the layer that lost most is named, with its numbers and what to do', () => {
  const worst = deadLayer(layers(units()), layers(units(0, 1, 2), units(3, 4, 5, 6)))!;
  assert.deepEqual(worst, { layer: 'b', died: 4, units: 10 });
  const { code, severity, message, fix } = deadUnitsWarning(worst, { step: 40, stage: 'thaw', rows: 54 });
  assert.deepEqual([code, severity], ['dead-units', 'warning']);
  assert.equal(message, 'at step 40, 4 of 10 units of "b" (40 %) are dead: they give nothing for any of 54 validation photos, and did when stage "thaw" began');
  assert.match(fix!, /lower the stage's rate/);
});
