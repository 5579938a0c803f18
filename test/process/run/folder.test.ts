/** Dataset folders that nothing can be learnt from, and some that look so: what a person reads, and what is left behind. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { eventsOf, factsOf, manifestOf, quick, Workspace } from '../../support/product.ts';

test('a folder that is not there, an empty one, one class, loose photos: each is refused in one line, and nothing is left behind', async (t) => {
  const workspace = new Workspace(t);
  mkdirSync(workspace.path('empty'));
  workspace.photos({ glass: 3 }, 'one');
  workspace.photos({ '': 3 }, 'loose');
  const cases: readonly (readonly [folder: string, says: RegExp])[] = [
    ['nowhere', /nowhere error no-folder: there is no such file or folder \(check the path\)\n$/],
    ['empty', /empty error empty-folder: the folder is empty \(add a folder of images per class\)\n$/],
    ['one', /one error one-class: all images are in one folder, "glass": there is nothing to tell apart \(add a folder for each other class\)\n$/],
    ['loose', /loose error no-class-folders: 3 images, but no folder per class \(move the images of each class into a folder named after the class\)\n/],
  ];
  for (const [folder, says] of cases) {
    const { code, stdout, stderr } = await workspace.thaw('run', folder);
    assert.deepEqual([code, stdout], [1, ''], folder);
    assert.match(stderr, says);
    assert.ok(!existsSync(workspace.path(`${folder}.thaw.yaml`)), `no experiment on ${folder}`);
  }
  assert.ok(!existsSync(workspace.path('.thaw')));
});

test('an experiment whose folder is gone fails with the folder\'s name, in the terminal, run.json and journal alike', async (t) => {
  const workspace = new Workspace(t);
  workspace.write('gone.thaw.yaml', `thaw: 1\ndata: { folder: moved/away }\n${quick}`);
  const { code, stdout } = await workspace.thaw('run', 'gone.thaw.yaml');
  assert.equal(code, 1);
  assert.match(stdout, /moved\/away: there is no such folder\ncheck the path\n/);
  const { status, problem } = manifestOf(workspace.lastRun());
  assert.deepEqual([status, problem?.code, problem?.where?.file], ['failed', 'no-folder', workspace.path('moved/away')]);
  assert.deepEqual((await eventsOf(workspace.lastRun())).map(({ type }) => type), ['started', 'ended']);
  assert.match((await workspace.thaw('runs')).stdout, /^gone {2}failed: there is no such folder {2}\d{8}/);
});

test('when every file is bad, each is named with what is wrong with it', async (t) => {
  const workspace = new Workspace(t);
  workspace.write('photos/glass/empty.jpg', '');
  workspace.write('photos/glass/page.jpg', '<html><body>404</body></html>');
  workspace.write('photos/paper/cut.png', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]));
  const { code, stdout } = await workspace.thaw('run', 'photos', '--preset', 'features-only');
  assert.equal(code, 1);
  assert.match(stdout, /glass\/empty\.jpg error empty-file: the file has 0 bytes/);
  assert.match(stdout, /glass\/page\.jpg error not-an-image: the content is HTML/);
  assert.match(stdout, /paper\/cut\.png error truncated/);
  assert.match(stdout, /no file can be used\nsee what is said about each of them\n/);
  assert.equal(manifestOf(workspace.lastRun()).problem?.code, 'all-files-bad');
  const warned = await factsOf(workspace.lastRun(), 'warning');
  for (const file of ['glass/empty.jpg', 'glass/page.jpg', 'paper/cut.png']) assert.ok(warned.some(({ diagnostic }) => diagnostic.where?.file === file), file);
});

test('a class with one image and folders within folders are used as they are, and said', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 6, paper: 6, single: 1 });
  workspace.photos({ 'taken': 0, 'taken too': 0, 'and this': 0, 'deeper': 2 }, 'photos/glass/deep');
  workspace.write('odd.thaw.yaml', `thaw: 1\ndata: { folder: photos }\n${quick}`);
  const { code, stdout } = await workspace.thaw('run', 'odd.thaw.yaml');
  assert.equal(code, 0, stdout);
  assert.match(stdout, /single warning class-too-small: class "single" has 1 image; 3 are needed to train, validate and test it/);
  assert.match(stdout, /glass\/deep\/deeper warning nested-folder: a folder below a class folder: its 2 images count as class "glass"/);
  assert.match(stdout, /glass\/deep warning nested-folder: a folder below a class folder: its 2 images/);
  assert.match(stdout, /15 images in 3 classes/);
  const [data] = await factsOf(workspace.lastRun(), 'data');
  assert.deepEqual(data?.data.classes, ['glass', 'paper', 'single']);
  const { train, validation, test: tested } = data.data;
  assert.deepEqual(train.map((n, label) => n + validation[label]! + tested[label]!), [8, 6, 1]);
  assert.equal(train[2], 1, 'the only one is trained on');
});
