import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatManifestLine, parseManifest, parseManifestLine } from '../../../src/data/manifest.ts';
import type { ManifestLine } from '../../../src/data/sample.ts';

const lines: readonly ManifestLine[] = [
  { path: 'glass/new\nline.jpg', label: 'glass', sizeBytes: 12, split: 'train', sha256: 'ab'.repeat(32), hash: '0f'.repeat(8), duplicateGroup: 'glass/"a".jpg' },
  { path: 'glass/<img src=x onerror=alert(1)>\u202egpj.jpg', label: 'Flaschen & <b>', sizeBytes: 0, problem: 'empty-file' },
];

test('lines come back as they were written, hostile names and all, one per line', () => {
  const text = lines.map(formatManifestLine).join('');
  assert.equal(text.split('\n').length, 3);
  assert.deepEqual(parseManifest(text), { lines, unreadable: 0 });
});

test('a torn last line and a damaged one cost only themselves', () => {
  const [first, second] = lines.map(formatManifestLine) as [string, string];
  assert.deepEqual(parseManifest(`${first}{"path": 3}\n${second}${first.slice(0, 40)}`), { lines, unreadable: 2 });
});

test('a wrong field is named', () => {
  const result = parseManifestLine('{"path":"a","label":"b","sizeBytes":-1}');
  assert.ok(!result.ok);
  assert.match(result.note, /sizeBytes/);
});
