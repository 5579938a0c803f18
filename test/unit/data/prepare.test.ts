import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cardOf } from '../../../src/backbones/cards.ts';
import { prepared, type Prepared } from '../../../src/data/prepare.ts';
import { prepareFile } from '../../../src/data/prepareFile.ts';
import type { FileFacts, Scan } from '../../../src/data/sample.ts';
import { scanFolder } from '../../../src/data/scan.ts';
import { repoRoot } from '../../support/root.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const worker = new URL('../../../src/data/decodeWorker.js', import.meta.url);
const { input } = cardOf('efficientnet_lite0')!;

async function sample(): Promise<Scan> {
  const result = await scanFolder(join(repoRoot, 'samples/recycling6'));
  assert.ok(result.ok);
  return { ...result.value, files: result.value.files.filter((_, i) => i % 6 === 0) };
}

async function collected(items: AsyncIterable<Prepared>): Promise<Prepared[]> {
  const all: Prepared[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const factsOf = (items: readonly Prepared[]): FileFacts[] => items.map((item) => 'facts' in item ? item.facts : assert.fail(item.problem.message));

test('files come in their order with the views that were asked for, the same from one thread or three', async () => {
  const scan = await sample();
  const one = await collected(prepared(scan, input, ['centre', 'flip'], { worker, concurrency: 1 }));
  const three = await collected(prepared(scan, input, ['centre', 'flip'], { worker, concurrency: 3 }));
  assert.equal(one.length, 60);
  assert.deepEqual(one.map(({ file }) => file), scan.files);
  assert.deepEqual(three, one);
  const direct = await prepareFile(join(scan.folder, scan.files[17]!.id), input, ['centre', 'flip']);
  assert.ok(direct.ok);
  assert.deepEqual(one[17], { file: scan.files[17]!, facts: direct.value.facts, views: direct.value.views });
});

test('a view that is drawn for one file alone is the one that is drawn for all', async () => {
  const scan = await sample(), drawn = ['crop+flip+color@0.5#0', 'crop+flip+color@0.5#1'] as const;
  const kept = await collected(prepared(scan, input, ['centre', ...drawn], { worker })), fresh = await collected(prepared(scan, input, (index) => [drawn[index % 2]!], { worker }));
  let compared = 0;
  for (const [i, item] of fresh.entries()) {
    const one = kept[i]!;
    if (!('views' in item) || !('views' in one)) continue;
    assert.deepEqual([...item.views.keys()], [drawn[i % 2]]);
    assert.deepEqual(item.views.get(drawn[i % 2]!), one.views.get(drawn[i % 2]!));
    compared++;
  }
  assert.ok(compared > 4, `${compared} files`);
});

test('known contents are hashed but not decoded, and their notes name the file', async () => {
  const scan = await sample();
  const facts = new Map(factsOf(await collected(prepared(scan, input, ['centre'], { worker }))).map((each) => [each.sha256, each]));
  const [odd] = facts.values();
  facts.set(odd!.sha256, { ...odd!, notes: [{ code: 'blank', severity: 'warning', message: 'one colour only' }] });
  let asked = 0;
  const known = (sha256: string): FileFacts | undefined => {
    asked++;
    return sha256.endsWith('0') ? undefined : facts.get(sha256);
  };
  const again = await collected(prepared(scan, input, ['centre'], { worker, known }));
  assert.ok(asked >= 60);
  for (const item of again) {
    assert.ok('facts' in item);
    assert.equal(item.views === undefined, !item.facts.sha256.endsWith('0'), item.file.id);
  }
  const noted = again.find((item) => 'facts' in item && item.facts.sha256 === odd!.sha256);
  assert.ok(noted && 'facts' in noted);
  assert.deepEqual(noted.facts.notes.map(({ where }) => where), [{ file: noted.file.id }]);
});

test('bad files come as problems in their place, and the rest goes on', async (t) => {
  const folder = temporaryFolder(t), photo = join(repoRoot, 'samples/recycling6/glass/glass108.jpg');
  for (const label of ['a', 'b']) {
    mkdirSync(join(folder, label));
    cpSync(photo, join(folder, label, '1.jpg'));
    cpSync(photo, join(folder, label, '3.png'));
    writeFileSync(join(folder, label, '2.jpg'), label === 'a' ? '' : '<html>');
  }
  const result = await scanFolder(folder);
  assert.ok(result.ok);
  const gone = { ...result.value.files[0]!, id: 'a/gone.jpg' as never };
  const items = await collected(prepared({ ...result.value, files: [...result.value.files, gone] }, input, ['centre'], { worker }));
  const saying = items.map((item) => 'problem' in item ? `${item.problem.code} ${item.problem.where!.file}` : item.facts.notes.map(({ code }) => code).join());
  assert.deepEqual(saying, ['', 'empty-file a/2.jpg', 'extension-mismatch', '', 'not-an-image b/2.jpg', 'extension-mismatch', 'unreadable-file a/gone.jpg']);
});

test('an abort ends the stream, and a consumer that leaves early leaves no thread behind', async () => {
  const scan = await sample(), cancel = new AbortController();
  let seen = 0;
  for await (const _ of prepared(scan, input, ['centre'], { worker, signal: cancel.signal })) if (++seen === 5) cancel.abort();
  assert.equal(seen, 5);
  for await (const _ of prepared(scan, input, ['centre'], { worker })) break;
  const late = new AbortController();
  late.abort();
  assert.deepEqual(await collected(prepared(scan, input, ['centre'], { worker, signal: late.signal })), []);
});

test('decoding goes on while the consumer blocks its thread', async () => {
  const scan = await sample(), stream = prepared(scan, input, ['centre'], { worker })[Symbol.asyncIterator]();
  await stream.next();
  const blockedMs = 3000, until = performance.now() + blockedMs;
  while (performance.now() < until); // as a synchronous call into a native library would
  await new Promise((resolve) => setImmediate(resolve));
  const start = performance.now();
  for (let i = 0; i < 30; i++) await stream.next();
  assert.ok(performance.now() - start < blockedMs / 10, `${performance.now() - start} ms for what should have been ready`);
  await stream.return(undefined);
});

test('a worker that cannot start is our fault, said once', async (t) => {
  const folder = temporaryFolder(t), broken = join(folder, 'broken.mjs');
  writeFileSync(broken, 'throw new Error("no such library");');
  const scan = await sample();
  await assert.rejects(collected(prepared(scan, input, ['centre'], { worker: new URL(`file://${broken}`) })), /no such library/);
});

test('an empty list of files is an empty stream', async () => {
  const scan = await sample();
  assert.deepEqual(await collected(prepared({ ...scan, files: [] }, input, ['centre'], { worker })), []);
});
