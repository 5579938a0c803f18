/** Photos as people have them: hostile names, and the folder of everything that goes wrong. Then predictions on good and bad ones. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseManifest } from '../../../src/data/manifest.ts';
import type { FilePrediction } from '../../../src/protocol/answers.ts';
import { jsonFixture } from '../../support/fixture.ts';
import { factsOf, quick, samplePhotos, Workspace } from '../../support/product.ts';
import { repoRoot } from '../../support/root.ts';

/** What is not printable, or turns text around. */
const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

test('hostile names of files, classes and stages are shown as text, never obeyed, and come back whole', async (t) => {
  const workspace = new Workspace(t);
  const classes = ['<img src=x onerror=alert(1)>', 'line\nbreak "quoted" \'too\'', '\u202egnp.txt $(touch pwned) `id`\u001b[31m'];
  const files = ['<svg onload=alert(2)>.jpg', 'two\nlines.jpg', '"; rm -rf ~;\'.jpg', '\u202egpj.exe.jpg', '\u001b]0;title\u0007.jpg', '-rf.jpg', ' .jpg'];
  for (const [i, label] of classes.entries()) {
    mkdirSync(workspace.path('photos', label), { recursive: true });
    for (const [n, photo] of samplePhotos(i).slice(0, files.length).entries()) cpSync(photo, workspace.path('photos', label, files[n]!));
    workspace.write(`photos/${label}/empty\u2066\n.jpg`, '');
  }
  workspace.write('hostile.thaw.yaml', `thaw: 1\ndata: { folder: photos }\n${quick.replace('train:', 'name: "<b>\\u001b[2J\\u202e", train:')}`);
  const { code, stdout, stderr } = await workspace.thaw('run', 'hostile.thaw.yaml');
  assert.equal(code, 0, stdout + stderr);
  assert.doesNotMatch(stdout + stderr, unsafe);
  assert.match(stdout, /left out: 3 empty-file/);
  assert.match(stdout, /line\\nbreak "quoted" 'too'\/empty\\u2066\\n\.jpg error empty-file/);
  assert.match(stdout, /<b>\\u001b\[2J\\u202e: head trains/);

  const run = workspace.lastRun(), [data] = await factsOf(run, 'data');
  assert.deepEqual(data?.data.classes, [...classes].sort(), 'the journal has them as they are');
  const { lines } = parseManifest(readFileSync(run.dataManifest, 'utf8'));
  assert.deepEqual(new Set(lines.filter(({ problem }) => !problem).map(({ path }) => path)), new Set(classes.flatMap((label) => files.map((file) => `${label}/${file}`))));
  for (const line of readFileSync(join(run.evaluations, 'test.jsonl'), 'utf8').trimEnd().split('\n')) {
    const { path } = JSON.parse(line) as { path: string };
    assert.ok(lines.some((each) => each.path === path && each.split === 'test'), path);
  }
  const shown = await workspace.thaw('predict', 'latest', ...files.map((file) => join('photos', classes[1]!, file)));
  assert.equal(shown.code, 0, shown.stderr);
  assert.doesNotMatch(shown.stdout + shown.stderr, unsafe);
  const json = await workspace.thaw('predict', 'latest', join('photos', classes[2]!, files[3]!), '--json');
  const [prediction] = JSON.parse(json.stdout) as readonly FilePrediction[];
  assert.deepEqual([prediction?.file, prediction?.top.map(({ label }) => label).sort()], [workspace.path('photos', classes[2]!, files[3]!), [...classes].sort()]);
});

interface Expected {
  readonly path: string;
  readonly kind: string;
  readonly expect: 'ok' | 'ok-after-conversion' | 'warn' | 'error' | 'ignore';
}

test('a run on the folder of everything that goes wrong finishes, and leaves out what it should, counted by reason', async (t) => {
  const workspace = new Workspace(t);
  mkdirSync(workspace.path('dirty'));
  const unpacked = spawnSync('tar', ['-xzf', join(repoRoot, 'test/fixtures/dirty/dirty-images.tar.gz'), '-C', workspace.path('dirty')], { encoding: 'utf8' });
  assert.equal(unpacked.status, 0, unpacked.stderr);
  const { code, stdout, stderr } = await workspace.thaw('run', 'dirty', '--set', 'controls=[blind, knn]', '--set', 'stages.0.epochs=2', '--set', 'stages.0.augment=none');
  assert.equal(code, 0, stdout + stderr);
  assert.doesNotMatch(stdout + stderr, unsafe);

  const [data] = await factsOf(workspace.lastRun(), 'data'), { leftOut, converted, train, validation, test: tested } = data!.data;
  const { files } = jsonFixture<{ files: readonly Expected[] }>('dirty/expected.json');
  const isSuperuser = process.getuid?.() === 0; // reads everything, also the file without read permission
  const wrong = files.filter(({ expect, kind }) => expect === 'error' && !(isSuperuser && kind === 'permission-denied'));
  const counts: Record<string, number> = { 'duplicate': 3, 'duplicate-conflict': 2, 'no-class': 1 }; // warnings about what is not used
  for (const { kind } of wrong) counts[kind] = (counts[kind] ?? 0) + 1;
  assert.deepEqual(leftOut, counts);
  assert.deepEqual(converted, { converted: 19 });
  const used = [...train, ...validation, ...tested].reduce((a, b) => a + b, 0);
  assert.equal(used, files.filter(({ expect }) => expect === 'ok' || expect === 'ok-after-conversion').length + 27 + Number(isSuperuser), '27 are used with a remark');
  const inManifest = parseManifest(readFileSync(workspace.lastRun().dataManifest, 'utf8')).lines;
  assert.equal(inManifest.filter(({ split }) => split).length, used);
  assert.equal(new Set(inManifest.map(({ path }) => path)).size, inManifest.length, 'each file once');
  assert.match(stdout, /\d+ more such remarks are in the run's journal\.jsonl/);

  const asked = ['dirty/glass/glass_01.jpg', 'dirty/cardboard/bomb_20000x20000.png', 'dirty/gone.jpg', 'dirty/glass', 'dirty/metal/metal_01.jpg'];
  const predicted = await workspace.thaw('predict', workspace.lastRun().path, ...asked);
  assert.equal(predicted.code, 1, 'some could not be read');
  const [good, bomb, gone, folder, last] = predicted.stdout.split(/^(?=dirty)/m);
  for (const answer of [good, last]) assert.match(answer!, /^dirty\/\w+\/\w+\.jpg\n( +\d+\.\d % {2}\w+\n){3}$/);
  assert.match(bomb!, /error too-large: 20000 x 20000 pixels are 400 megapixels; the limit is 100/);
  assert.match(gone!, /error unreadable-file: the file is gone/);
  assert.match(folder!, /error unreadable-file: cannot be read: EISDIR/);
  assert.doesNotMatch(predicted.stderr, /./);
});

test('predictions without a run, or from a run that has nothing to predict with, say so', async (t) => {
  const workspace = new Workspace(t);
  assert.match((await workspace.thaw('predict', 'latest', 'x.jpg')).stderr, /error no-run: no finished run was found \(start one with `thaw run <folder>`/);
  assert.match((await workspace.thaw('predict', '20260501-120000-none-123456', 'x.jpg')).stderr, /error no-run: there is no run "20260501-120000-none-123456"/);
  workspace.write('gone.thaw.yaml', 'thaw: 1\ndata: { folder: nowhere }\n');
  await workspace.thaw('run', 'gone.thaw.yaml');
  const { code, stderr } = await workspace.thaw('predict', workspace.lastRun().id, 'x.jpg');
  assert.equal(code, 1);
  assert.match(stderr, /error no-run: the run "gone" has no trained network yet \(choose a run that was trained to its first evaluation\)/);
});
