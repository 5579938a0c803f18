/** Runs that were interrupted go on as if they had not been. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { factsOf, manifestOf, valueOf, Workspace } from '../../support/product.ts';
import { readCheckpoint } from '../../../src/runs/checkpoint.ts';
import { readLease } from '../../../src/runs/lease.ts';
import type { RunFolder } from '../../../src/runs/runFolder.ts';

const experiment = `thaw: 1
data: { folder: photos }
stages: [{ name: probe, train: [head], epochs: 300 }]
stop: { patience: 300 }
controls: [blind]
batch: 4
`;

test('a run that was stopped, and then killed, goes on from where it was, to the bytes and the verdict of one that was not', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 10, paper: 10 });
  workspace.write('run.thaw.yaml', experiment);
  const stopped = workspace.start('run', 'run.thaw.yaml', '--set', 'seed=3');
  await stopped.said(/epoch 20: /);
  stopped.process.kill('SIGINT');
  assert.equal((await stopped.ended).code, 130);
  const first = workspace.lastRun(), at = valueOf(readCheckpoint(first, 'last'))!.step;
  assert.ok(at >= 20 * 3, `${at}`);

  const killed = workspace.start('resume');
  await killed.said(new RegExp(`goes on from step ${at}, where it was interrupted`));
  await killed.said(/epoch \d+: /);
  process.kill(readLease(workspace.lastRun().lease)!.pid, 'SIGKILL');
  assert.equal((await killed.ended).code, 1);

  const ended = await workspace.thaw('resume');
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  assert.equal(workspace.runs().length, 1, 'what was taken over is gone');
  const run = workspace.lastRun(), steps = (await factsOf(run, 'evaluated')).map(({ step }) => step);
  assert.deepEqual(steps, Array.from({ length: 301 }, (_, epoch) => 3 * epoch), 'its curve is whole');
  assert.deepEqual([manifestOf(run).title, manifestOf(run).status, (manifestOf(run).continues?.spentMs ?? 0) > 0], ['run', 'finished', true]);
  assert.match(readFileSync(run.resolvedPlan, 'utf8'), /seed: 3/, 'what was asked for on the command line still holds');

  assert.equal((await workspace.thaw('run', 'run.thaw.yaml', '--set', 'seed=3')).code, 0);
  const whole = workspace.lastRun(), bytesOf = (folder: RunFolder): readonly unknown[] => [valueOf(readCheckpoint(folder, 'best'))!.weights, ...['test.jsonl', 'trace.jsonl'].map((name) => readFileSync(join(folder.evaluations, name)))];
  assert.notEqual(whole.id, run.id);
  assert.deepEqual(bytesOf(run), bytesOf(whole));
  const [verdicts, others] = await Promise.all([factsOf(run, 'verdict'), factsOf(whole, 'verdict')]);
  assert.deepEqual(verdicts.map(({ verdict }) => verdict), others.map(({ verdict }) => verdict));
});

test('a run goes on with the layers that were thawed while it trained', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 6, paper: 6 });
  workspace.write('run.thaw.yaml', experiment);
  const stopped = workspace.start('run', 'run.thaw.yaml');
  await stopped.said(/epoch 5: /);
  assert.equal((await workspace.thaw('thaw', workspace.lastRun().id, 'conv_head')).code, 0);
  await stopped.said(/probe thawed/);
  stopped.process.kill('SIGINT');
  assert.equal((await stopped.ended).code, 130);
  const plan = readFileSync(workspace.lastRun().resolvedPlan, 'utf8');
  const resumed = workspace.start('resume', workspace.lastRun().id);
  await resumed.said(/goes on from step \d+/);
  await resumed.said(/epoch \d+: /);
  resumed.process.kill('SIGINT');
  await resumed.ended;
  const stages = (text: string): readonly string[] => [...text.matchAll(/name: (.*?) *(#|$)/gm)].map(([, name]) => name!);
  assert.deepEqual(stages(readFileSync(workspace.lastRun().resolvedPlan, 'utf8')), stages(plan));
});

test('a run is not resumed on photos that have changed, nor one that has ended, nor a control; it stays as it was', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 8, paper: 8 });
  workspace.write('run.thaw.yaml', experiment);
  const stopped = workspace.start('run', 'run.thaw.yaml');
  await stopped.said(/epoch 5: /);
  stopped.process.kill('SIGINT');
  await stopped.ended;
  const first = workspace.lastRun();
  rmSync(workspace.path('photos', 'glass', '0.jpg'));
  const changed = await workspace.thaw('resume', first.id);
  assert.equal(changed.code, 1);
  assert.match(changed.stdout + changed.stderr, /the photos are not those that the run has trained on: it cannot go on/);
  assert.deepEqual(workspace.runs().map((run) => manifestOf(run).status), ['stopped', 'failed'], 'what it had is still there');
  const again = await workspace.thaw('resume', workspace.lastRun().id);
  assert.match(again.stdout + again.stderr, new RegExp(`has not taken over the run that it was to go on from \\(resume ${first.id}`), 'what failed to go on does not begin anew in its place');

  workspace.write('short.thaw.yaml', experiment.replace('300', '2'));
  assert.equal((await workspace.thaw('run', 'short.thaw.yaml')).code, 0);
  const finished = await workspace.thaw('resume', workspace.lastRun().id);
  assert.deepEqual([finished.code, /was trained to its end/.test(finished.stdout + finished.stderr)], [1, true]);
});
