import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng, type Rng } from '../../../src/base/rng.ts';
import { nearPairs } from '../../../src/data/nearPairs.ts';

const randomBits = (random: Rng, count: number): number[] => Array.from({ length: count }, () => random.int(2));

function flipped(random: Rng, bits: readonly number[], count: number): number[] {
  const copy = [...bits];
  for (const at of random.shuffled([...bits.keys()]).slice(0, count)) copy[at]! ^= 1;
  return copy;
}

const hex = (bits: readonly number[]): string => Array.from({ length: bits.length / 4 }, (_, i) => parseInt(bits.slice(4 * i, 4 * i + 4).join(''), 2).toString(16)).join('');

test('every pair within 11 coarse and 36 fine bits is found once, and no other', () => {
  const random = rng(1, 'hashes'), hashes: string[][] = [], expected = new Set<string>();
  for (let i = 0; i < 500; i++) {
    const coarse = randomBits(random, 64), fine = randomBits(random, 240);
    const coarseOff = random.int(15), fineOff = random.int(50);
    hashes.push([hex(coarse), hex(fine)], [hex(flipped(random, coarse, coarseOff)), hex(flipped(random, fine, fineOff))]);
    if (coarseOff <= 11 && fineOff <= 36) expected.add(`${2 * i} ${2 * i + 1}`);
  }
  const found = [...nearPairs(hashes)].map((pair) => pair.join(' '));
  assert.equal(new Set(found).size, found.length);
  assert.deepEqual(new Set(found), expected);
  assert.ok(expected.size > 200 && expected.size < 350, `${expected.size} of 500 pairs are near`);
});

test('pictures without hashes match nothing', () => {
  assert.deepEqual([...nearPairs([[], [], ['0'.repeat(16), '0'.repeat(60)], [], ['0'.repeat(16), '0'.repeat(60)]])], [[2, 4]]);
  assert.deepEqual([...nearPairs([])], []);
});

test('30,000 pictures are searched in seconds, not minutes', () => {
  const random = rng(2, 'hashes'), word = (digits: number): string => Array.from({ length: digits }, () => random.int(16).toString(16)).join('');
  const hashes = Array.from({ length: 30_000 }, () => [word(16), word(60)]);
  const start = performance.now();
  assert.equal([...nearPairs(hashes)].length, 0);
  assert.ok(performance.now() - start < 20_000); // about 1 s on an idle core
});
