/** `thaw rank`, through the real command line, on real photos. */
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { cardNames } from '../../../src/backbones/cards.ts';
import { parseBoard, parseRankProgress } from '../../../src/protocol/guards.ts';
import type { Board, RankProgress } from '../../../src/protocol/board.ts';
import { putRandom, putWideLite0 } from '../../support/fetchedModels.ts';
import { asSafetensors, lite0Config, randomLite0 } from '../../support/hubServer.ts';
import { samplePhotos, Workspace, waitFor } from '../../support/product.ts';
import { repoRoot } from '../../support/root.ts';

/** Three classes of ten, and a cache with the bundled weights once more and a network that knows nothing. */
function setting(t: TestContext): Workspace {
  const workspace = new Workspace(t), cache = workspace.path('cache'), found = join(repoRoot, 'out', 'test-cache', 'engine-choice.json');
  mkdirSync(cache);
  if (existsSync(found)) cpSync(found, join(cache, 'engine-choice.json'));
  workspace.variables['THAW_CACHE'] = cache;
  workspace.photos({ cardboard: 10, glass: 10, metal: 10 });
  return workspace;
}

test('backbones are ranked on a folder: rows stream in, ties share a place, what is known is not measured again', async (t) => {
  const workspace = setting(t);
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
});

test('a folder of weights is ranked by its path; what cannot be used is said, and the others are measured all the same', async (t) => {
  const workspace = setting(t);
  for (const [name, weights] of [['mine', asSafetensors(randomLite0(2))], ['broken', new Uint8Array(40)]] as const) {
    workspace.write(`${name}/config.json`, JSON.stringify({ ...lite0Config, num_classes: 5 }));
    workspace.write(`${name}/model.safetensors`, weights);
  }
  const ranked = await workspace.thaw('rank', 'photos', '--backbone', './mine', '--backbone', './broken', '--backbone', 'hf:timm/not.here');
  assert.equal(ranked.code, 0, ranked.stderr);
  assert.match(ranked.stdout, /\n1 +\S+mine /);
  assert.match(ranked.stderr, /bad-weights/);
  assert.match(ranked.stderr, /hf:timm\/not\.here is not on this machine/);
  assert.equal((await workspace.thaw('rank', 'photos', '--backbone', './broken')).code, 1);
  assert.equal((await workspace.thaw('rank')).code, 2);
  assert.match((await workspace.thaw('rank', 'nowhere')).stderr, /no-folder/);
});

test('copies of a photo count once, and Ctrl+C ends it with nothing half measured on the board', async (t) => {
  const workspace = setting(t), [photo] = samplePhotos(0);
  for (let i = 0; i < 5; i++) {
    writeFileSync(workspace.path('photos', 'cardboard', `copy${i}.jpg`), readFileSync(photo!));
    appendFileSync(workspace.path('photos', 'cardboard', `copy${i}.jpg`), String(i)); // the same picture, other bytes
  }
  const ranking = workspace.start('rank', 'photos', '--json');
  await ranking.said(/"done":[1-9]/);
  ranking.process.kill('SIGINT');
  assert.equal((await ranking.ended).code, 130);
  await waitFor(() => !existsSync(workspace.path('.thaw', 'boards')));
  const { board } = linesOf((await workspace.thaw('rank', 'photos', '--json')).stdout);
  assert.deepEqual([board.images, board.found], [30, 35]);
  assert.deepEqual(board.rows.map(({ name }) => name).sort(), [...cardNames].sort()); // all that is at hand
});

function linesOf(stdout: string): { readonly progress: readonly RankProgress[]; readonly board: Board } {
  const lines = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown), board = parseBoard(lines.pop());
  assert.ok(board.ok, board.ok ? '' : board.note);
  return {
    board: board.value,
    progress: lines.map((line) => {
      const parsed = parseRankProgress(line);
      assert.ok(parsed.ok);
      return parsed.value;
    }),
  };
}
