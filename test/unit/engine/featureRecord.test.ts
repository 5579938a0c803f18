import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordFormats } from '../../../src/engine/featureRecord.ts';
import { rng } from '../../../src/base/rng.ts';

const back = (format: (typeof recordFormats)[keyof typeof recordFormats], values: Float32Array): Float32Array => {
  const bytes = format.encode(values), decoded = new Float32Array(values.length);
  assert.equal(bytes.length, values.length * format.bytesPerValue);
  format.decode(bytes, decoded);
  return decoded;
};

test('float32 keeps every bit, float16 all but a 2000th of the value', () => {
  const { normal } = rng(1, 'features'), values = Float32Array.from({ length: 1000 }, () => 6 * normal());
  assert.deepEqual(back(recordFormats.float32, values), values);
  for (const [i, value] of back(recordFormats.float16, values).entries()) assert.ok(Math.abs(value - values[i]!) <= Math.abs(values[i]!) * 2 ** -11 + 2 ** -25);
});

test('what float16 cannot reach becomes its largest value, never infinite; what is not a number stays so', () => {
  assert.deepEqual([...back(recordFormats.float16, Float32Array.of(1e6, -1e6, 65504, Infinity, NaN, 0))], [65504, -65504, 65504, 65504, NaN, 0]);
});
