import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeHalf, encodeHalf } from '../../../src/backbones/halfFloat.ts';

const isNaN16 = (bits: number): boolean => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;
const finite = Uint16Array.from({ length: 0x7c00 }, (_, bits) => bits);

test('every half-precision value survives decoding and encoding', () => {
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const back = encodeHalf(decodeHalf(all));
  const changed = [...all].filter((bits) => isNaN16(bits) ? !isNaN16(back[bits]!) : back[bits] !== bits);
  assert.deepEqual(changed, []);
});

test('values between two halves go to the nearer one, ties to the even one', () => {
  const values = decodeHalf(finite);
  for (let low = 0; low + 1 < finite.length; low++) {
    const middle = (values[low]! + values[low + 1]!) / 2; // exact in float32
    const step = middle * 2 ** -20;
    const [below, tie, above] = encodeHalf(Float32Array.of(middle - step, middle, middle + step));
    assert.deepEqual([below, tie, above], [low, low % 2 === 0 ? low : low + 1, low + 1], `between halves ${low} and ${low + 1}`);
  }
});

test('encoding agrees with NumPy', () => {
  // np.array([…], np.float32).astype(np.float16).view(np.uint16)
  const values = Float32Array.of(1, 65504, 6e-8, 2.98e-8, 2 ** -25, 1e-7, 0.1, 1 / 3);
  assert.deepEqual([...encodeHalf(values)], [15360, 31743, 1, 0, 0, 2, 11878, 13653]);
});

test('values beyond the range become infinite', () => {
  assert.deepEqual([...decodeHalf(encodeHalf(Float32Array.of(65519, 65520, -1e9)))], [65504, Infinity, -Infinity]);
});
