import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checksum } from '../../../src/base/checksum.ts';
import { rng } from '../../../src/base/rng.ts';

const random = rng(1, 'checksum');
const bytes = Uint8Array.from({ length: 1027 }, () => random.int(256));

test('whole words hash as MurmurHash3 x86 32', () => {
  // Reference vectors of the algorithm, seeds 0, 0xffffffff and 0x9747b28c
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  assert.equal(checksum(new Uint8Array(0)), 0);
  assert.equal(checksum(new Uint8Array(0), 0xffffffff), 0x81f16f39);
  assert.equal(checksum(Uint8Array.of(0x21, 0x43, 0x65, 0x87)), 0xf55b516b);
  assert.equal(checksum(text('aaaa'), 0x9747b28c), 0x5a97808a);
});

test('every single changed bit is seen', () => {
  const whole = checksum(bytes);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    assert.notEqual(checksum(bytes), whole, `bit ${bit}`);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
});

test('length counts, and the place in memory does not', () => {
  assert.notEqual(checksum(new Uint8Array(4)), checksum(new Uint8Array(8)));
  for (const offset of [1, 2, 3]) {
    for (const shared of [new Uint8Array(bytes.length + offset), Buffer.alloc(bytes.length + offset)]) {
      shared.set(bytes, offset);
      assert.equal(checksum(shared.subarray(offset)), checksum(bytes));
    }
  }
});
