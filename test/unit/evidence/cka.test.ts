import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng } from '../../../src/base/rng.ts';
import { cka } from '../../../src/evidence/cka.ts';
import { assertGolden, bundledCase } from '../../support/goldens.ts';

const golden = bundledCase('metric.cka'), of = (name: string): Float64Array => Float64Array.from(golden.tensor(`in/${name}`).data);

for (const [a, b] of ['XY', 'XZ', 'YZ', 'XX']) test(`CKA of ${a!} and ${b!} follows numpy`, () => {
  assertGolden(golden, `debiased/${a!}${b!}`, [cka(of(a!), of(b!), 30)]);
});

test('turning, scaling and shifting one of the sets changes nothing; unrelated sets are near 0 though features outnumber items', () => {
  const { normal } = rng(1, 'cka'), items = 64;
  const a = Float64Array.from({ length: items * 2 }, () => normal()), turned = Float64Array.from(a, (_, i) => 3 * (i % 2 === 0 ? a[i]! * 0.6 - a[i + 1]! * 0.8 : a[i - 1]! * 0.8 + a[i]! * 0.6) + 5);
  assert.ok(Math.abs(cka(a, turned, items) - 1) < 1e-12);
  const wide = (): Float64Array => Float64Array.from({ length: items * 500 }, () => normal());
  assert.ok(Math.abs(cka(wide(), wide(), items)) < 0.1);
});
