/** What `thaw rank` makes of weights that cannot be used, of copies, and of Ctrl+C. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { cardNames } from '../../../src/backbones/cards.ts';
import { asSafetensors, lite0Config, randomLite0 } from '../../support/hubServer.ts';
import { samplePhotos, waitFor } from '../../support/product.ts';
import { linesOf, rankSetting } from '../../support/rankSetting.ts';

test('a folder of weights is ranked by its path; what cannot be used is said, and the others are measured all the same', async (t) => {
  const workspace = rankSetting(t);
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
  const workspace = rankSetting(t), [photo] = samplePhotos(0);
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
