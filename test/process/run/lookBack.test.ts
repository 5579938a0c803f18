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
  workspace.write('small.thaw.yaml', 'thaw: 1\nbackbone: resnet20_cifar10\ndata: { folder: photos }\ncontrols: [blind]\nstages: [{ train: [head, layer3], epochs: 2, augment: none }]\n');
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

  const explained = await workspace.thaw('explain', 'latest', 'photos/glass/1.jpg', 'photos/gone.jpg', '--json');
  const [answer, gone] = JSON.parse(explained.stdout) as readonly FileExplanation[];
  assert.ok(['glass', 'paper'].includes(answer!.label!) && answer!.overlay!.startsWith(run.evidence), explained.stdout);
  const overlay = await decodeImage(readFileSync(answer!.overlay!));
  assert.ok(overlay.ok && overlay.value.width === 224 && overlay.value.height === 224, 'seven times the 32 pixels that the network sees');
  assert.equal(gone?.problem?.code, 'unreadable-file');
});
