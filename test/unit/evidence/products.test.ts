import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gramOf, products } from '../../../src/evidence/products.ts';
import { rng } from '../../../src/base/rng.ts';

/** One product after another. */
const plainly = (a: Float64Array, b: Float64Array, width: number): number[] =>
  Array.from({ length: a.length / width }, (_, i) => Array.from({ length: b.length / width }, (__, j) => a.subarray(i * width, (i + 1) * width).reduce((sum, value, k) => sum + value * b[j * width + k]!, 0))).flat();

for (const [rows, others] of [[1, 1], [4, 8], [5, 3], [7, 9], [10, 6]] as const) {
  test(`${rows} rows by ${others} give the products taken one by one`, () => {
    const random = rng(rows, 'products'), width = 5, drawn = (count: number): Float64Array => Float64Array.from({ length: count * width }, () => random.normal());
    const a = drawn(rows), b = drawn(others);
    assert.deepEqual([...products(a, b, width)], plainly(a, b, width));
    assert.deepEqual([...gramOf(a, width)], plainly(a, a, width));
  });
}

test('no rows have no products', () => {
  assert.equal(products(new Float32Array(), new Float32Array(6), 3).length, 0);
});
