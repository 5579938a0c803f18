import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../../../src/runs/checkpoint.ts';
import { aRun } from '../../support/runs.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const at = (step: number): Checkpoint =>
  ({ step, weights: new Uint8Array([step, 1]), optimizer: new Uint8Array([step, 2]), evaluations: new Uint8Array([step, 3]), state: { epoch: step / 10, loss: NaN } });

test('last and best are kept and read back, everything else goes', (t) => {
  const run = aRun(temporaryFolder(t));
  assert.deepEqual(readCheckpoint(run, 'last'), { ok: true, value: undefined, warnings: [] });
  writeCheckpoint(run, at(10), 'both');
  writeCheckpoint(run, at(20), 'last');
  writeCheckpoint(run, at(30), 'last');
  assert.deepEqual(readdirSync(run.checkpoints).sort(), ['10', '30', 'best.json', 'last.json']);
  const best = readCheckpoint(run, 'best'), last = readCheckpoint(run, 'last');
  assert.ok(best.ok && last.ok);
  assert.deepEqual([best.value?.step, [...best.value!.weights], [...best.value!.optimizer]], [10, [10, 1], [10, 2]]);
  assert.deepEqual([last.value?.step, last.value?.state], [30, { epoch: 3, loss: 'NaN' }]);
});

test('the same step twice, and the leavings of a crash, do no harm', (t) => {
  const run = aRun(temporaryFolder(t));
  writeCheckpoint(run, at(10), 'both');
  mkdirSync(join(run.checkpoints, '20'));
  writeFileSync(join(run.checkpoints, '20', 'weights.safetensors'), 'half');
  writeCheckpoint(run, at(20), 'last');
  writeCheckpoint(run, at(20), 'both');
  const last = readCheckpoint(run, 'last');
  assert.ok(last.ok);
  assert.deepEqual([...last.value!.weights], [20, 1]);
  assert.equal(readdirSync(run.checkpoints).length, 3);
});

test('a checkpoint that cannot be read is a diagnostic; a pointer out of the run points nowhere', (t) => {
  const run = aRun(temporaryFolder(t));
  writeCheckpoint(run, at(10), 'both');
  writeFileSync(run.best, JSON.stringify({ step: 1, folder: '../../..' }));
  assert.deepEqual(readCheckpoint(run, 'best'), { ok: true, value: undefined, warnings: [] });
  rmSync(join(run.checkpoints, '10', 'optimizer.safetensors'));
  const last = readCheckpoint(run, 'last');
  assert.ok(!last.ok);
  assert.equal(last.errors[0]?.code, 'bad-weights');
});
