/** `thaw rank`, through the real command line, on real photos. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { putRandom, putWideLite0 } from '../../support/fetchedModels.ts';
import { linesOf, rankSetting } from '../../support/rankSetting.ts';

test('backbones are ranked on a folder: rows stream in, ties share a place, what is known is not measured again', async (t) => {
  const workspace = rankSetting(t);
  putWideLite0(workspace.path('cache'));
  putRandom(workspace.path('cache'), 'tf_efficientnet_lite0');
  const three = ['efficientnet_lite0', 'hf:test/lite0-wide', 'hf:test/tf_efficientnet_lite0'].flatMap((name) => ['--backbone', name]);
  const first = await workspace.thaw('rank', 'photos', '--json', ...three);
  assert.equal(first.code, 0, first.stderr);
  const { board, progress } = linesOf(first.stdout);
  assert.deepEqual(progress.flatMap((each) => each.board?.rows.length ?? []), [1, 2, 3]);
  assert.ok(progress.some(({ done, total, leftMs }) => done > 0 && done < total && leftMs !== undefined));
  assert.deepEqual([board.images, board.found, board.classes, board.rows.length], [30, 30, 3, 3]);
  assert.deepEqual(new Set(board.rows.slice(0, 2).map(({ name }) => name)), new Set(['efficientnet_lite0', 'hf:test/lite0-wide']));
  assert.deepEqual(board.rows.map(({ place, sharedBy }) => [place, sharedBy]), [[1, 2], [1, 2], [3, 1]]);
  const [best, , random] = board.rows;
  assert.ok(best!.scores.probe.value > 0.7 && best!.gain.value > 0.1, JSON.stringify(best));
  assert.ok(best!.scores.leep !== undefined && best!.scores.leep < 0);
  assert.ok(random!.gain.low <= 0 && random!.scores.logMe < best!.scores.logMe);
  assert.deepEqual(readdirSync(workspace.path('.thaw', 'runs')), []);

  const again = await workspace.thaw('rank', 'photos', '--json', ...three);
  assert.deepEqual(linesOf(again.stdout).progress, []);
  assert.deepEqual(linesOf(again.stdout).board.rows, board.rows);
  const shown = await workspace.thaw('rank', 'photos', ...three);
  assert.match(shown.stdout, /^30 photos, 3 classes: how many a linear probe .*\n\n +backbone .*\n1 = +\S+ +\d+\.\d % \(\d+–\d+ %\)/);
  assert.match(shown.stdout, /These photos cannot tell the first 2 apart/);

  rmSync(workspace.path('photos', 'glass', '3.jpg'));
  const changed = linesOf((await workspace.thaw('rank', 'photos', '--json', '--backbone', 'efficientnet_lite0')).stdout);
  assert.deepEqual([changed.board.images, changed.board.rows.length, changed.progress.some(({ board: each }) => each)], [29, 1, true]);

  const ranked = (target: string) => workspace.thaw('rank', target, '--json', '--backbone', 'efficientnet_lite0');
  workspace.write('mine.thaw.yaml', 'thaw: 1\ndata: { folder: photos }\n');
  const named = linesOf((await ranked('mine.thaw.yaml')).stdout);
  assert.deepEqual([named.board.rows, named.progress], [changed.board.rows, []], 'an experiment is ranked on the folder that it names');
  const files = ['cardboard', 'glass', 'metal'].flatMap((label) => readdirSync(workspace.path('photos', label)).map((name) => `photos/${label}/${name},${label}`));
  workspace.write('labels.csv', ['image,label', ...files].join('\n'));
  const listed = linesOf((await ranked('labels.csv')).stdout).board;
  assert.deepEqual([listed.images, listed.classes, listed.rows[0]?.scores.probe.value], [29, 3, changed.board.rows[0]?.scores.probe.value]);
  workspace.write('tags.jsonl', '{"image":"photos/glass/0.jpg","labels":["a","b"]}\n{"image":"photos/glass/1.jpg","labels":[]}\n');
  assert.match((await ranked('tags.jsonl')).stderr, /wrong-type: backbones are ranked by how well they tell classes apart/);
});
