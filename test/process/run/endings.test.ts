/** How a run ends that does not simply finish: asked to stop, told by signals, killed. Nothing that was learnt is lost. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { decodeSafetensors } from '../../../src/backbones/safetensors.ts';
import { readCheckpoint } from '../../../src/runs/checkpoint.ts';
import { readLease } from '../../../src/runs/lease.ts';
import type { RunFolder } from '../../../src/runs/runFolder.ts';
import { type Command, eventsOf, factsOf, manifestOf, valueOf, waitFor, Workspace } from '../../support/product.ts';

/** An experiment that would train for hours. */
const long = 'thaw: 1\ndata: { folder: photos }\nstages: [{ train: [head], epochs: 10000, augment: none }]\nstop: { patience: 10000 }\nbatch: 4\n';

/** Its command, once it trains. */
async function trainingIn(workspace: Workspace): Promise<Command> {
  workspace.photos({ glass: 8, paper: 8 });
  workspace.write('long.thaw.yaml', long);
  const command = workspace.start('run', 'long.thaw.yaml');
  await command.said(/epoch 3: /);
  return command;
}

/** As its keeper saw it. */
async function exitCodeOf(run: RunFolder): Promise<number | undefined> {
  await waitFor(() => existsSync(run.exit));
  return (JSON.parse(readFileSync(run.exit, 'utf8')) as { code?: number }).code;
}

const trainerOf = (run: RunFolder): number => readLease(run.lease)!.pid;

/** What the stopped run has kept: where it was, and the network that can be predicted with. */
async function assertKept(run: RunFolder): Promise<void> {
  const kept = await factsOf(run, 'checkpoint'), last = valueOf(readCheckpoint(run, 'last')), best = valueOf(readCheckpoint(run, 'best'));
  assert.ok(last && best);
  assert.deepEqual(kept.map(({ step, best: isBest }) => [step, isBest]), [[last.step, true], [last.step, false]]);
  const [weights, optimizer] = [last.weights, last.optimizer].map((bytes) => valueOf(decodeSafetensors(bytes, '')));
  assert.deepEqual([...weights!.keys()].sort(), ['head.bias', 'head.weight']);
  assert.deepEqual([...optimizer!.keys()].sort(), ['head.bias/exp_avg', 'head.bias/exp_avg_sq', 'head.bias/step', 'head.weight/exp_avg', 'head.weight/exp_avg_sq', 'head.weight/step']);
  assert.equal(optimizer!.get('head.bias/step')?.data[0], last.step);
  const { stage, epoch, stepInEpoch, trainable, seed } = last.state as { stage: number; epoch: number; stepInEpoch: number; trainable: readonly string[]; seed: number };
  assert.deepEqual([stage, [...trainable].sort(), seed], [0, ['head.bias', 'head.weight'], 1]);
  assert.equal(epoch * 3 + stepInEpoch, last.step, '12 photos in batches of 4 are 3 steps an epoch');
}

test('Ctrl+C stops the run in order: checkpoint, status stopped, exit code 130; thaw predict then works', async (t) => {
  const workspace = new Workspace(t), command = await trainingIn(workspace);
  command.process.kill('SIGINT');
  const { code, stdout, stderr } = await command.ended;
  assert.equal(code, 130);
  assert.match(stderr, /stopping: it finishes its step and keeps a checkpoint \(Ctrl\+C again leaves it to itself\)/);
  assert.match(stdout, /run folder {2}\.thaw\/runs\/\d{8}-/);
  const run = workspace.lastRun();
  assert.equal(manifestOf(run).status, 'stopped');
  assert.equal(await exitCodeOf(run), 0);
  await assertKept(run);
  await waitFor(() => !existsSync(run.lease) && !existsSync(run.reserve));
  const predicted = await workspace.thaw('predict', run.id, 'photos/glass/0.jpg');
  assert.deepEqual([predicted.code, predicted.stderr], [0, '']);
  assert.match(predicted.stdout, /^photos\/glass\/0\.jpg\n +\d+\.\d % {2}(glass|paper)\n/);
});

test('a second Ctrl+C leaves the run to itself; SIGTERM to its trainer means the same as the order to stop', async (t) => {
  const workspace = new Workspace(t), command = await trainingIn(workspace), run = workspace.lastRun();
  const pid = trainerOf(run);
  process.kill(pid, 'SIGSTOP'); // so that it cannot obey yet
  command.process.kill('SIGINT');
  await command.said(/stopping/);
  command.process.kill('SIGINT');
  assert.equal((await command.ended).code, 130);
  assert.equal(manifestOf(run).status, 'training');
  rmSync(run.control); // the order: let it be the signal
  process.kill(pid, 'SIGTERM');
  process.kill(pid, 'SIGCONT');
  assert.equal(await exitCodeOf(run), 0);
  assert.equal(manifestOf(run).status, 'stopped');
  await assertKept(run);
});

test('a killed trainer leaves a crashed run with the reason, and its photos need not be read again', async (t) => {
  const workspace = new Workspace(t), command = await trainingIn(workspace), run = workspace.lastRun();
  process.kill(trainerOf(run), 'SIGKILL');
  const { code, stdout } = await command.ended;
  assert.equal(code, 1);
  assert.match(stdout, /something else ended the trainer \(SIGKILL\)/);
  const { status, problem } = manifestOf(run);
  assert.deepEqual([status, problem?.code], ['crashed', 'run-killed']);
  await waitFor(() => !existsSync(run.lease) && !existsSync(run.reserve));
  const last = (await eventsOf(run)).at(-1);
  assert.ok(last?.type === 'ended');
  assert.deepEqual([last.outcome, last.diagnostic], ['crashed', problem]);
  assert.match((await workspace.thaw('runs')).stdout, /^long {2}crashed: something else ended the trainer \(SIGKILL\)/);

  const again = await workspace.thaw('run', 'long.thaw.yaml', '--set', 'stages.0.epochs=1', '--set', 'controls=[blind]');
  assert.equal(again.code, 0, 'the home is not left locked');
  assert.equal(manifestOf(workspace.lastRun()).engine?.prefix, undefined, 'nothing went through the frozen layers again');
});

test('two command lines on one home: the second says whom it waits for, and both finish', async (t) => {
  const workspace = new Workspace(t), experiment = workspace.quickExperiment();
  const first = workspace.start('run', experiment);
  await waitFor(() => workspace.runs().some((run) => ['preparing', 'training', 'judging'].includes(manifestOf(run).status)));
  const [one] = workspace.runs(), pid = trainerOf(one!);
  process.kill(pid, 'SIGSTOP'); // long enough for the second to be seen waiting
  const second = workspace.start('run', experiment, '--set', 'seed=2');
  await second.said(new RegExp(`^quick trains here \\(${one!.id}\\): this run begins when that has ended\n$`));
  await waitFor(() => workspace.runs().length === 2);
  const two = workspace.runs().find(({ id }) => id !== one!.id)!;
  assert.equal(manifestOf(two).status, 'queued');
  assert.match((await workspace.thaw('runs')).stdout, /^quick {2}queued /m);
  process.kill(pid, 'SIGCONT');
  assert.deepEqual([(await first.ended).code, (await second.ended).code], [0, 0]);
  assert.deepEqual([one!, two].map((run) => manifestOf(run).status), ['finished', 'finished']);
  const began = (await factsOf(two, 'started'))[0]!.at, ended = (await factsOf(one!, 'ended'))[0]!.at;
  assert.ok(began >= ended, `${began} is before ${ended}`);
});

test('a detached run goes on without its command line, and another one stops it', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 4, paper: 4 });
  workspace.write('long.thaw.yaml', long);
  const detached = await workspace.thaw('run', 'long.thaw.yaml', '--detach');
  const run = workspace.lastRun();
  assert.deepEqual([detached.code, detached.stdout], [0, `${run.id}\n`]);
  await waitFor(() => manifestOf(run).status === 'training');
  assert.match((await workspace.thaw('runs')).stdout, /^long {2}training /);
  const stopped = await workspace.thaw('stop', run.id);
  assert.deepEqual([stopped.code, stopped.stdout], [0, 'stopped\n']);
  assert.equal(manifestOf(run).status, 'stopped');
});

test('a command line whose reader goes away ends without a word, and the run goes on', async (t) => {
  const workspace = new Workspace(t), command = workspace.start('run', workspace.quickExperiment());
  await command.said(/images in 2 classes/);
  command.process.stdout!.destroy();
  const { code, stderr } = await command.ended;
  assert.deepEqual([code, stderr], [141, '']);
  await waitFor(() => manifestOf(workspace.lastRun()).status === 'finished');
});
