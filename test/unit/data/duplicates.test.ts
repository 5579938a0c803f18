import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDuplicates, type Duplicates } from '../../../src/data/duplicates.ts';
import { sampleOf } from '../../support/samples.ts';

const hashes = ['0123456789abcdef', '0f'.repeat(30)], near = ['0123456789abcdee', `1f${'0f'.repeat(29)}`], far = ['fedcba9876543210', 'f0'.repeat(30)];

const said = ({ diagnostics }: Duplicates): string[] => diagnostics.map(({ code, where }) => `${code} ${where!.file}`);

test('of the same file in one class the first by name is kept', () => {
  const result = findDuplicates([sampleOf('a/2.jpg', { content: 'x' }), sampleOf('a/1.jpg', { content: 'x' }), sampleOf('a/3.jpg')]);
  assert.deepEqual(result.samples.map(({ id }) => id), ['a/1.jpg', 'a/3.jpg']);
  assert.deepEqual([...result.leftOut.keys()], ['a/2.jpg']);
  assert.deepEqual(said(result), ['duplicate a/2.jpg']);
  assert.match(result.diagnostics[0]!.message, /"a\/1\.jpg"/);
});

test('the same file in two classes contradicts itself: all copies are left out, each naming the others', () => {
  const result = findDuplicates([sampleOf('a/1.jpg', { content: 'x' }), sampleOf('b/1.jpg', { content: 'x' }), sampleOf('b/2.jpg')]);
  assert.deepEqual(result.samples.map(({ id }) => id), ['b/2.jpg']);
  assert.deepEqual(said(result), ['duplicate-conflict a/1.jpg', 'duplicate-conflict b/1.jpg']);
  assert.match(result.diagnostics[0]!.message, /"a", "b".*"b\/1\.jpg"/);
});

test('near-duplicates are kept in one group, also across classes, which is a conflict', () => {
  const result = findDuplicates([sampleOf('a/1.jpg', { hashes }), sampleOf('a/2.jpg', { hashes: near }), sampleOf('a/3.jpg', { hashes: far }), sampleOf('b/4.jpg', { hashes: far })]);
  assert.deepEqual(result.samples.map(({ duplicateGroup }) => duplicateGroup), ['a/1.jpg', 'a/1.jpg', 'a/3.jpg', 'a/3.jpg']);
  assert.deepEqual(said(result), ['near-duplicate a/1.jpg', 'near-duplicate a/2.jpg', 'near-duplicate-conflict a/3.jpg', 'near-duplicate-conflict b/4.jpg']);
  assert.equal(result.leftOut.size, 0);
});

test('a picture in two given splits is a leak; both stay where the folder has them', () => {
  const result = findDuplicates([
    sampleOf('train/a/1.jpg', { content: 'x', givenSplit: 'train' }), sampleOf('test/a/1.jpg', { content: 'x', givenSplit: 'test' }),
    sampleOf('train/a/2.jpg', { hashes, givenSplit: 'train' }), sampleOf('validation/a/2.jpg', { hashes: near, givenSplit: 'validation' }),
  ]);
  assert.equal(result.samples.length, 4);
  const leaks = result.diagnostics.filter(({ code }) => code === 'leak');
  assert.deepEqual(leaks.map(({ where }) => where!.file).sort(), ['test/a/1.jpg', 'train/a/1.jpg', 'train/a/2.jpg', 'validation/a/2.jpg']);
  assert.match(leaks.find(({ where }) => where!.file === 'test/a/1.jpg')!.message, /in test and train.*"train\/a\/1\.jpg"/);
});
