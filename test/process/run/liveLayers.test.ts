/** Layers thawed and frozen while a run trains, and the same run once more from its resolved plan. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { factsOf, waitFor, Workspace } from '../../support/product.ts';
import type { RunFolder } from '../../../src/runs/runFolder.ts';
import { giveOrder } from '../../../src/runs/control.ts';
import { readJournal } from '../../../src/runs/journal.ts';

/** Weights at the best evaluation, with the optimizer's moments. */
function best(run: RunFolder): readonly Buffer[] {
  const { folder } = JSON.parse(readFileSync(run.best, 'utf8')) as { folder: string };
  return ['weights', 'optimizer'].map((name) => readFileSync(join(run.checkpoints, folder, `${name}.safetensors`)));
}

async function hasTrained(run: RunFolder, steps: number): Promise<boolean> {
  for await (const { events } of readJournal(run.journal)) if (events.some((event) => event.type === 'evaluated' && event.step >= steps)) return true;
  return false;
}

test('what is thawed and frozen while a run trains is a stage of its resolved plan, and running that plan gives the same weights', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 12, paper: 12 });
  workspace.write('live.thaw.yaml', 'thaw: 1\ndata: { folder: photos }\nstages: [{ name: probe, train: [head], epochs: 1000, rate: 1e-4 }]\nstop: { patience: 1000 }\ncontrols: []\nbatch: 8\n');
  const running = workspace.start('run', 'live.thaw.yaml');
  await running.said(/probe: head trains/);
  const ordered = await workspace.thaw('thaw', 'latest', 'conv_head');
  assert.deepEqual([ordered.code, ordered.stdout], [0, 'conv_head: trained from the next epoch on\n']);
  const run = workspace.lastRun();
  await running.said(/layers changed from the command line: head, conv_head/);
  assert.match(readFileSync(run.resolvedPlan, 'utf8'), /name: probe thawed/);
  const from = (await factsOf(run, 'plan-changed'))[0]!.stages[1]!.fromStep;
  while (!await hasTrained(run, from + 5)) await sleep(50);
  assert.equal((await workspace.thaw('freeze', run.id, 'conv_head')).code, 0);
  assert.match((await workspace.thaw('thaw', 'latest', 'conv_heat')).stderr, /no block or layer "conv_heat" in efficientnet_lite0 \(did you mean "conv_head"\?\)/);
  assert.equal((await running.ended).code, 0);

  const [first, second, ...more] = await factsOf(run, 'plan-changed');
  assert.ok(first && second && more.length === 0);
  assert.deepEqual([first.stage, first.origin, second.stage, second.stages.map(({ name }) => name)], [1, 'command line', 2, ['probe', 'probe thawed', 'probe frozen']]);
  assert.deepEqual((await factsOf(run, 'stage')).map(({ stage }) => stage), [0, 1, 2]);
  const plan = readFileSync(run.resolvedPlan, 'utf8');
  assert.match(plan, /leaveAfter: \d+ {2}# command line/);
  assert.equal((await workspace.thaw('thaw', run.id, 'conv_head')).stderr, 'error too-late: it was too late to change conv_head in this run: it trains no more (change the experiment, and run it again)\n');

  workspace.write('again.thaw.yaml', plan);
  assert.equal((await workspace.thaw('run', 'again.thaw.yaml')).code, 0);
  const again = workspace.lastRun();
  assert.notEqual(again.id, run.id);
  const losses = async (of: RunFolder): Promise<readonly number[]> => (await factsOf(of, 'evaluated')).map(({ loss }) => loss);
  assert.deepEqual(await losses(again), await losses(run));
  assert.ok(best(again).every((file, i) => file.equals(best(run)[i]!)), 'weights and moments, byte by byte');
});

test('an order for which no epoch is left is told to be too late, by the journal and by the terminal', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 12, paper: 12 });
  workspace.write('short.thaw.yaml', 'thaw: 1\ndata: { folder: photos }\nstages: [{ train: [all] }]\nbudget: 1 s\ncontrols: []\nbatch: 8\n'); // ends within its first epoch: three steps of all layers take longer
  const running = workspace.start('run', 'short.thaw.yaml');
  await waitFor(() => workspace.runs().length > 0);
  giveOrder(workspace.lastRun(), { order: 'layers', ticks: ['stem', 'blocks.0'].map((path) => ({ path, trains: false })), from: 'tree' });
  const { stdout, stderr } = await running.ended;
  assert.match(stdout + stderr, /warning too-late: it was too late to change stem, blocks\.0 in this run: it trains no more \(the experiment file has the change, for the next run\)/);
  assert.equal((await factsOf(workspace.lastRun(), 'warning')).filter(({ diagnostic }) => diagnostic.code === 'too-late').length, 1);
  assert.deepEqual(await factsOf(workspace.lastRun(), 'plan-changed'), []);
});

test('an order that was taken, and whose epoch did not come because the run was stopped, is told of at its end', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 12, paper: 12 });
  workspace.write('long.thaw.yaml', 'thaw: 1\ndata: { folder: photos }\nstages: [{ train: [all] }]\ncontrols: []\nbatch: 8\n'); // three steps of all layers an epoch: seconds
  const running = workspace.start('run', 'long.thaw.yaml');
  await running.said(/all trains?/);
  const run = workspace.lastRun();
  while (!await hasTrained(run, 0)) await sleep(50);
  giveOrder(run, { order: 'layers', ticks: [{ path: 'stem', trains: false }], from: 'command line' });
  giveOrder(run, { order: 'stop' });
  const { code, stdout, stderr } = await running.ended;
  assert.equal(code, 130);
  assert.match(stdout + stderr, /warning too-late: it was too late to change stem in this run: it trains no more \(change the experiment, and run it again\)/);
  assert.deepEqual([(await factsOf(run, 'ended')).at(-1)?.outcome, await factsOf(run, 'plan-changed')], ['stopped', []]);
});
