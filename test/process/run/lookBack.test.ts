/** What a run finds out about its network when it looks back, on disk, in the journal and on screen. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readTransfer } from '../../../src/runs/evidenceFiles.ts';
import { decodeImage } from '../../../src/data/decode.ts';
import type { FileExplanation } from '../../../src/protocol/answers.ts';
import type { Calibration } from '../../../src/protocol/insight.ts';
import { factsOf, Workspace } from '../../support/product.ts';

test('a run leaves its calibration and what fine-tuning changed in evidence/, as its journal has them, and says both', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 60, paper: 60 });
  workspace.photos({ cats: 12, trucks: 12, teapot: 2 }, 'before');
  workspace.write('small.thaw.yaml', 'thaw: 1\nbackbone: resnet20_cifar10\ndata: { folder: photos }\nsourceData: before\ncontrols: [blind]\nstages: [{ train: [head, layer3], epochs: 2, augment: none }]\n');
  const { code, stdout, stderr } = await workspace.thaw('run', 'small.thaw.yaml');
  assert.equal(code, 0, stdout + stderr);
  const run = workspace.lastRun(), [calibrated] = await factsOf(run, 'calibrated'), [transferred] = await factsOf(run, 'transferred');
  const calibration = JSON.parse(readFileSync(join(run.evidence, 'calibration.json'), 'utf8')) as Calibration & { readonly format: number };
  assert.deepEqual(calibration, { format: 1, ...calibrated!.calibration });
  assert.deepEqual([calibration.validationItems, calibration.items], [18, 18]);
  assert.ok(calibration.before.ece > 0 && calibration.before.ece < 1 && calibration.temperature > 0);

  const transfer = transferred!.transfer;
  assert.deepEqual(readTransfer(run), transfer);
  assert.deepEqual(transfer.blocks.map(({ path }) => path).slice(0, 1), ['layer3']);
  assert.equal(transfer.changes.find(({ path }) => path === 'layer2')?.change, 0);
  assert.deepEqual([transfer.images, transfer.rewindImages], [16, 16]);
  for (const { change, cka, rewind } of transfer.blocks) assert.ok(change > 0 && cka && cka.value > cka.control && rewind);
  assert.equal(transfer.sourceHead?.classes, 10);
  assert.match(stdout, /Calibration error \d+\.\d % on 18 test images/);
  assert.match(stdout, /Moved most: layer3, by \d+\.\d % of its weights' size, CKA 0\.\d\d/);
  assert.match(stdout, /Source-head drift: the old head of 10 source classes says the same/);

  const { name, classes, matched, before, after, change, p } = transfer.source!;
  assert.match(name, /\/before$/);
  assert.deepEqual([classes, matched, before.items, after.items], [10, 2, 24, 24]);
  assert.ok(Math.abs(change.value - (after.value - before.value)) < 1e-12 && p > 0 && p <= 1);
  assert.match(stdout, /Source accuracy on .*before, with the source.s\s+own\s+head:/);
  const [remark] = (await factsOf(run, 'warning')).filter(({ diagnostic }) => diagnostic.code === 'source-classes');
  assert.match(remark!.diagnostic.message, /^1 of the 3 classes of .*before are none that ResNet-20.*: "teapot"/);

  const explained = await workspace.thaw('explain', 'latest', 'photos/glass/1.jpg', 'photos/gone.jpg', '--json');
  const [answer, gone] = JSON.parse(explained.stdout) as readonly FileExplanation[];
  assert.ok(['glass', 'paper'].includes(answer!.label!) && answer!.overlay!.startsWith(run.evidence), explained.stdout);
  assert.ok(Math.abs(answer!.sanity!) <= 1);
  const overlay = await decodeImage(readFileSync(answer!.overlay!));
  assert.ok(overlay.ok && overlay.value.width === 224 && overlay.value.height === 224, 'seven times the 32 pixels that the network sees');
  assert.equal(gone?.problem?.code, 'unreadable-file');
});

test('source data of which the backbone learnt no class ends the run before it trains', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 8, paper: 8 });
  workspace.write('wrong.thaw.yaml', 'thaw: 1\nbackbone: resnet20_cifar10\ndata: { folder: photos }\nsourceData: photos\n');
  const { code, stdout } = await workspace.thaw('run', 'wrong.thaw.yaml');
  assert.equal(code, 1);
  assert.match(stdout.replaceAll(/\s+/g, ' '), /none of the 2 classes of \S+\/photos is one of the 10 that .* learnt: "glass", "paper"/);
  assert.equal((await factsOf(workspace.lastRun(), 'planned')).length, 0);
});
