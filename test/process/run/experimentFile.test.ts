/** Experiment files with mistakes: all of them at once, each with its line and what to write, before anything starts. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { Workspace } from '../../support/product.ts';

const wrong = `thaw: 1
task: image-clasification
data:
  folder: [photos]
  splitt: { train: 70% }
backbone: efficientnet_lite9
batch: many
stages:
  - { train: [hed, blocks.9], epochs: 0 }
`;

const said = [
  'wrong.thaw.yaml:2:7 error wrong-type: task is the text "image-clasification" (did you mean "image-classification"?)',
  'wrong.thaw.yaml:4:11 error wrong-type: data.folder is a list (write a folder)',
  'wrong.thaw.yaml:5:3 error unknown-key: unknown key "splitt" in data (did you mean "split"?)',
  'wrong.thaw.yaml:6:11 error unknown-backbone: no backbone "efficientnet_lite9" (did you mean "efficientnet_lite0"?)',
  'wrong.thaw.yaml:7:8 error wrong-type: batch is the text "many" (write a whole number, 1 to 4096)',
  'wrong.thaw.yaml:9:39 error out-of-range: epochs of stage 1 is 0 (write a whole number, 1 to 10000)',
];

test('wrong types, unknown keys and an unknown backbone are said at once, with line and suggestion, by check and run', async (t) => {
  const workspace = new Workspace(t);
  workspace.write('wrong.thaw.yaml', wrong);
  for (const command of ['check', 'run']) {
    const { code, stdout, stderr } = await workspace.thaw(command, 'wrong.thaw.yaml');
    assert.deepEqual([code, stdout, stderr.trimEnd().split('\n')], [1, '', said], command);
  }
  assert.ok(!existsSync(workspace.path('.thaw')), 'no run was begun');
});

test('patterns that match nothing are said for a backbone that is known', async (t) => {
  const workspace = new Workspace(t);
  workspace.write('wrong.thaw.yaml', wrong.replace('lite9', 'lite0'));
  const { code, stderr } = await workspace.thaw('check', 'wrong.thaw.yaml');
  assert.equal(code, 1);
  assert.match(stderr, /^wrong\.thaw\.yaml:9:15 error pattern-matches-nothing: no block or layer "hed" in efficientnet_lite0 \(did you mean "head"\?\)$/m);
  assert.match(stderr, /^wrong\.thaw\.yaml:9:20 error pattern-matches-nothing: no block or layer "blocks\.9" in efficientnet_lite0 \(did you mean "blocks\.6"\?\)$/m);
});

test('programs get the same as one line of JSON', async (t) => {
  const workspace = new Workspace(t);
  workspace.write('wrong.thaw.yaml', wrong);
  const { code, stdout } = await workspace.thaw('check', 'wrong.thaw.yaml', '--json');
  const { ok, diagnostics } = JSON.parse(stdout) as { ok: boolean; diagnostics: readonly { code: string; where: { range: { start: { line: number } } } }[] };
  assert.deepEqual([code, ok, diagnostics.length], [1, false, said.length]);
  assert.deepEqual(diagnostics.map((each) => each.where.range.start.line + 1), [2, 4, 5, 6, 7, 9]);
});

test('a file without mistakes passes, and says which controls it leaves out', async (t) => {
  const workspace = new Workspace(t);
  workspace.write('fine.thaw.yaml', 'thaw: 1\ndata: { folder: photos }\ncontrols: [blind, knn, linear-probe, random-features]\n');
  const early = await workspace.thaw('check', 'fine.thaw.yaml');
  assert.deepEqual([early.code, early.stdout], [0, 'fine.thaw.yaml: no errors, 1 warning\n']);
  assert.match(early.stderr, /^fine\.thaw\.yaml:2:17 warning no-folder: there is no folder "photos" here/m);
  workspace.write('photos/notes.txt', '');
  const { code, stdout, stderr } = await workspace.thaw('check', 'fine.thaw.yaml');
  assert.deepEqual([code, stdout], [0, 'fine.thaw.yaml: no problems\n']);
  assert.match(stderr, /^fine\.thaw\.yaml:3:11 information control-off: the control "scratch" will not run/);
});

test('what is set on the command line is checked like the file, and named by its path', async (t) => {
  const workspace = new Workspace(t);
  workspace.write('fine.thaw.yaml', 'thaw: 1\ndata: { folder: photos }\n');
  const { code, stderr } = await workspace.thaw('run', 'fine.thaw.yaml', '--set', 'stages.0.epochs=lots', '--set', 'stages.0.epoch=3');
  assert.equal(code, 1);
  assert.match(stderr, /wrong-type: .*epochs.*"lots"/);
  assert.match(stderr, /unknown-key: no value "stages\.0\.epoch" in an experiment \(did you mean "stages\.\*\.epochs"\?\)/);
  assert.match((await workspace.thaw('run', 'fine.thaw.yaml', '--set', 'epochs')).stderr, /--set epochs is not path=value/);
});

test('what is no experiment file is said as such, not as a stack', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 1 });
  const cases: readonly (readonly [file: string, says: RegExp])[] = [
    ['photos', /^photos error no-experiment-file: no experiment file can be read there: EISDIR/],
    ['none.thaw.yaml', /^none\.thaw\.yaml error no-experiment-file: no experiment file can be read there: ENOENT/],
    ['photos/glass/0.jpg', /^photos\/glass\/0\.jpg\S* error yaml-syntax: /],
  ];
  for (const [file, says] of cases) {
    const { code, stderr } = await workspace.thaw('check', file);
    assert.equal(code, 1, file);
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /^\s+at /m);
  }
});

test('a word that thaw does not know gets the nearest one, and exit code 2', async (t) => {
  const workspace = new Workspace(t);
  const cases: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [['rum'], /there is no command "rum", did you mean "run"\?/],
    [['run', '--enginee', 'wasm'], /did you mean --engine\?/],
    [['predict', 'latest'], /thaw predict <run> <files …>/],
  ];
  for (const [args, says] of cases) {
    const { code, stderr } = await workspace.thaw(...args);
    assert.equal(code, 2);
    assert.match(stderr, says);
  }
});
