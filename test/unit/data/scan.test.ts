import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Scan } from '../../../src/data/sample.ts';
import { scanFolder } from '../../../src/data/scan.ts';
import type { Diagnostic } from '../../../src/protocol/diagnostic.ts';
import { temporaryFolder } from '../../support/temporary.ts';

/** The scan opens no file: one byte each is enough. */
function fill(folder: string, paths: readonly string[]): string {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(join(folder, path), 'x');
    else mkdirSync(join(folder, path), { recursive: true });
  }
  return folder;
}

const photos = (folder: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${folder}/${i}.jpg`);

async function scanned(folder: string): Promise<Scan> {
  const result = await scanFolder(folder);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

async function refusal(folder: string): Promise<Diagnostic> {
  const result = await scanFolder(folder);
  assert.ok(!result.ok);
  assert.equal(result.errors.length, 1);
  return result.errors[0]!;
}

const codesOf = ({ diagnostics }: Scan): string[] => diagnostics.map(({ code, where }) => `${code} ${where?.file ?? ''}`);

test('a folder per class gives files in a fixed order, with class and size', async (t) => {
  const { layout, files, diagnostics } = await scanned(fill(temporaryFolder(t), ['b/2.png', 'b/1.jpg', 'b/3.webp', ...photos('a', 3)]));
  assert.equal(layout, 'classes');
  assert.deepEqual(files.map(({ id }) => id), ['a/0.jpg', 'a/1.jpg', 'a/2.jpg', 'b/1.jpg', 'b/2.png', 'b/3.webp']);
  assert.deepEqual(files[3], { id: 'b/1.jpg', label: 'b', sizeBytes: 1 });
  assert.deepEqual(diagnostics, []);
});

test('train, valid and Testing folders make the splits; a fourth folder beside them is said to be unused', async (t) => {
  const folder = fill(temporaryFolder(t), [...photos('train/a', 2), ...photos('train/b', 2), 'valid/a/v.jpg', 'Testing/b/t.jpg', 'unlabelled/u.jpg']);
  const scan = await scanned(folder);
  assert.equal(scan.layout, 'splits');
  assert.deepEqual(scan.files.map(({ id, label, givenSplit }) => `${id} ${label} ${givenSplit}`), [
    'Testing/b/t.jpg b test', 'train/a/0.jpg a train', 'train/a/1.jpg a train', 'train/b/0.jpg b train', 'train/b/1.jpg b train', 'valid/a/v.jpg a validation',
  ]);
  assert.deepEqual(codesOf(scan), ['stray-file unlabelled']);
});

test('a class may be called "train" or "test"', async (t) => {
  const { layout, files } = await scanned(fill(temporaryFolder(t), [...photos('train', 3), ...photos('car', 3), ...photos('test', 3)]));
  assert.equal(layout, 'classes');
  assert.deepEqual([...new Set(files.map(({ label }) => label))], ['car', 'test', 'train']);
});

test('everything that is not used is said: hidden, side files, strange names, loose images, empty and small classes', async (t) => {
  const folder = fill(temporaryFolder(t), [
    ...photos('a', 3), ...photos('b', 2), 'empty/', '.git/HEAD', 'Thumbs.db', 'readme.md', 'loose.jpg', 'a/notes.txt', 'a/._0.jpg', 'a/film.mp4', 'a/deep/er/x.jpg', 'a/no_extension',
  ]);
  const scan = await scanned(folder);
  assert.deepEqual(codesOf(scan), [
    'hidden-file .git', 'hidden-file Thumbs.db', 'hidden-file a/._0.jpg', 'nested-folder a/deep', 'nested-folder a/deep/er', 'unsupported-extension a/film.mp4', 'stray-file a/notes.txt',
    'class-too-small b', 'empty-class empty', 'no-class loose.jpg', 'stray-file readme.md',
  ].sort((x, y) => x.split(' ')[1]! < y.split(' ')[1]! ? -1 : 1));
  assert.ok(scan.files.some(({ id, label }) => id === 'a/deep/er/x.jpg' && label === 'a'));
  assert.ok(scan.files.some(({ id }) => id === 'a/no_extension'), 'its content decides');
  assert.match(scan.diagnostics.find(({ code }) => code === 'class-too-small')!.message, /"b" has 2 images; 3 are needed/);
});

test('links are followed out of the folder, never back into it, and nothing is counted twice', async (t) => {
  const outside = fill(temporaryFolder(t), [...photos('more', 3)]), folder = fill(temporaryFolder(t), [...photos('a', 3), ...photos('b', 3)]);
  symlinkSync(join(outside, 'more'), join(folder, 'c'));
  symlinkSync(join(outside, 'more'), join(folder, 'a', 'again'));
  symlinkSync(folder, join(outside, 'more', 'back'));
  symlinkSync(join(folder, 'a', '0.jpg'), join(folder, 'b', 'same.jpg'));
  symlinkSync('missing.jpg', join(folder, 'b', 'dangling.jpg'));
  symlinkSync('itself', join(folder, 'b', 'itself'));
  const scan = await scanned(folder);
  assert.deepEqual(scan.files.map(({ id }) => id), ['a/0.jpg', 'a/1.jpg', 'a/2.jpg', 'b/0.jpg', 'b/1.jpg', 'b/2.jpg', 'c/0.jpg', 'c/1.jpg', 'c/2.jpg']);
  assert.deepEqual(codesOf(scan), ['symlink-loop a/again', 'broken-link b/dangling.jpg', 'symlink-loop b/itself', 'duplicate b/same.jpg', 'symlink-loop c/back']);
});

test('a folder that nothing can be learnt from is refused with what to do', async (t) => {
  const folder = temporaryFolder(t);
  assert.equal((await refusal(join(folder, 'gone'))).code, 'no-folder');
  assert.equal((await refusal(folder)).code, 'empty-folder');
  fill(folder, ['file.jpg']);
  assert.equal((await refusal(join(folder, 'file.jpg'))).code, 'not-a-folder');
  const loose = await refusal(folder);
  assert.equal(loose.code, 'no-class-folders');
  assert.match(loose.fix!, /folder named after the class/);
  fill(folder, ['empty/', 'hidden/.x.jpg']);
  assert.equal((await refusal(folder)).code, 'no-class-folders');
});

test('one class is refused; when the classes lie one folder deeper, that folder is proposed', async (t) => {
  const folder = fill(temporaryFolder(t), photos('only', 5));
  assert.equal((await refusal(folder)).code, 'one-class');
  const parent = fill(temporaryFolder(t), [...photos('images/cat', 3), ...photos('images/dog', 3)]);
  const deeper = await refusal(parent);
  assert.equal(deeper.code, 'one-class');
  assert.ok(deeper.fix!.includes(JSON.stringify(join(parent, 'images'))), deeper.fix);
});

test('20,000 files are scanned with progress, and a scan can be cancelled', async (t) => {
  const folder = temporaryFolder(t);
  for (let label = 0; label < 20; label++) {
    mkdirSync(join(folder, `class ${label}`));
    for (let i = 0; i < 1000; i++) writeFileSync(join(folder, `class ${label}`, `${i}.jpg`), '');
  }
  const progress: number[] = [];
  const result = await scanFolder(folder, { onProgress: (entries) => progress.push(entries) });
  assert.ok(result.ok);
  assert.equal(result.value.files.length, 20_000);
  assert.ok(progress.length >= 20);
  assert.equal(progress.at(-1), 20_020);
  assert.deepEqual(progress, [...progress].sort((a, b) => a - b));
  const cancel = new AbortController();
  await assert.rejects(scanFolder(folder, { signal: cancel.signal, onProgress: (entries) => { if (entries >= 5000) cancel.abort(); } }), { name: 'AbortError' });
});
