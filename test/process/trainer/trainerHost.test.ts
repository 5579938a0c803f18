/** The host against real processes: children of test/fixtures/children, each with one way of living or dying. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test, type TestContext } from 'node:test';
import type { Checked } from '../../../src/protocol/diagnostic.ts';
import type { RunEvent } from '../../../src/protocol/runEvent.ts';
import type { RunId, RunManifest } from '../../../src/protocol/runManifest.ts';
import type { StoredRun } from '../../../src/runs/runIndex.ts';
import { processStart } from '../../../src/runs/processStart.ts';
import { readCheckpoint } from '../../../src/runs/checkpoint.ts';
import { readLease } from '../../../src/runs/lease.ts';
import { TrainerHost } from '../../../src/trainer/host/trainerHost.ts';
import { bundled } from '../../support/bundle.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const children = ['finishes', 'fills-the-disk', 'trains-until-stopped', 'ignores-everything', 'floods', 'crashes-natively', 'runs-out-of-memory', 'refuses', 'judges-controls', 'answers'] as const;
type Child = (typeof children)[number];

let scripts: Readonly<Record<Child | 'keeper', string>>;
let removeBundles: () => void;
before(async () => {
  const fixtures = Object.fromEntries(children.map((name) => [name, `test/fixtures/children/${name}.mjs`])) as Record<Child, string>;
  const bundles = await bundled({ keeper: 'src/trainer/host/keeper.ts', ...fixtures });
  scripts = bundles.files;
  removeBundles = bundles.remove;
});
after(() => removeBundles());

const shortTimes = { graceMs: 300, termMs: 300, killMs: 5000 };

type Window = TrainerHost & { readonly experimentFile: string };

/** A window on a home folder, whose trainer is `child`. */
function aWindow(t: TestContext, child: Child, home = aHome(t)): Window {
  return Object.assign(hostOf(home, child), { experimentFile: join(home, 'flowers.thaw.yaml') });
}

/** An empty workspace with an experiment. When the test is over, whatever still trains there is ended, then the folder goes. */
function aHome(t: TestContext): string {
  t.after(async () => {
    const host = hostOf(home, 'finishes');
    const living = host.findRuns().runs.filter(({ life }) => life !== 'ended');
    await Promise.all(living.map(({ folder }) => host.stopRun(folder.id, { graceMs: 0, termMs: 0, killMs: 5000 })));
    await waitFor(() => host.findRuns().runs.every(({ folder }) => existsSync(folder.exit))); // the keepers' last deed
  });
  const home = temporaryFolder(t); // removed by a hook that runs after the one above
  writeFileSync(join(home, 'flowers.thaw.yaml'), 'thaw: 1\n');
  return home;
}

const hostOf = (home: string, child: Child): TrainerHost => new TrainerHost({
  home, userData: join(home, 'user'), scripts: { keeper: scripts.keeper, trainer: scripts[child] },
  node: () => Promise.resolve({ ok: true, value: { command: process.execPath, environment: {}, version: process.version, why: 'the test\'s' }, warnings: [] }),
});

const start = async (window: Window): Promise<RunId> => valueOf(await window.startRun(window));

function valueOf<T>(checked: Checked<T>): T {
  assert.ok(checked.ok, checked.ok ? '' : checked.errors.map(({ message }) => message).join());
  return checked.value;
}

async function follow(host: TrainerHost, id: string, until: (event: RunEvent) => boolean = () => false): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  const tooLong = AbortSignal.timeout(15_000);
  for await (const event of host.eventsOf(id, 0, tooLong, { pollMs: 100 })) {
    events.push(event);
    if (until(event)) break;
  }
  assert.ok(!tooLong.aborted, `the run did not end; it said ${events.map(({ type }) => type).join()}`);
  return events;
}

const runOf = (host: TrainerHost, id: string): StoredRun => {
  const run = host.findRuns().runs.find(({ folder }) => folder.id === id);
  assert.ok(run, `no run ${id}`);
  return run;
};

const lastOf = (events: readonly RunEvent[]): RunEvent & { type: 'ended' } => {
  const last = events.at(-1);
  assert.ok(last?.type === 'ended', `the last event is ${last?.type}`);
  return last;
};

test('a run that finishes is followed to its last line, and read the same afterwards', async (t) => {
  const host = aWindow(t, 'finishes');
  const id = await start(host);
  assert.match(id, /^\d{8}-\d{6}-flowers-[0-9a-f]{6}$/);
  const live = await follow(host, id);
  assert.deepEqual(live.map(({ type }) => type), ['started', 'stage', 'step', 'step', 'step', 'step', 'step', 'ended']);
  assert.deepEqual(live.map(({ seq }) => seq), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(await follow(host, id), live);
  const { manifest, folder } = runOf(host, id);
  assert.equal(manifest.status, 'finished');
  assert.equal(readFileSync(folder.plan, 'utf8'), 'thaw: 1\n');
  await waitFor(() => existsSync(folder.exit));
  assert.ok(!existsSync(folder.lease) && !existsSync(folder.reserve), 'what only the living need is gone');
});

test('events are handed on from any point, and not after an abort', async (t) => {
  const host = aWindow(t, 'finishes');
  const id = await start(host);
  await follow(host, id);
  const abort = new AbortController(), seen: number[] = [];
  for await (const { seq } of host.eventsOf(id, 3, abort.signal)) {
    seen.push(seq);
    if (seq === 5) abort.abort();
  }
  assert.deepEqual(seen, [3, 4, 5]);
});

test('a run that is asked to stop finishes its step, keeps a checkpoint and ends as stopped', async (t) => {
  const host = aWindow(t, 'trains-until-stopped');
  const id = await start(host);
  await follow(host, id, ({ type }) => type === 'step');
  assert.equal(runOf(host, id).life, 'alive');
  assert.equal(valueOf(await host.stopRun(id)), 'stopped');
  const events = await follow(host, id);
  assert.equal(lastOf(events).outcome, 'stopped');
  const checkpoint = valueOf(readCheckpoint(runOf(host, id).folder, 'last'));
  assert.equal(checkpoint?.step, events.filter(({ type }) => type === 'step').length);
});

test('SIGTERM means the same as the order to stop', async (t) => {
  const host = aWindow(t, 'trains-until-stopped');
  const id = await start(host);
  await follow(host, id, ({ type }) => type === 'step');
  process.kill(readLease(runOf(host, id).folder.lease)!.pid, 'SIGTERM');
  assert.equal(lastOf(await follow(host, id)).outcome, 'stopped');
});

test('a stop that comes before the trainer is up is obeyed', async (t) => {
  const host = aWindow(t, 'trains-until-stopped');
  assert.equal(valueOf(await host.stopRun(await start(host))), 'stopped');
});

test('a trainer that ignores orders and SIGTERM is killed after the grace times, with its children', async (t) => {
  const host = aWindow(t, 'ignores-everything');
  const id = await start(host);
  const [started] = await follow(host, id, ({ type }) => type === 'started');
  assert.ok(started?.type === 'started');
  const beganMs = performance.now();
  assert.equal(valueOf(await host.stopRun(id, shortTimes)), 'killed');
  assert.ok(performance.now() - beganMs >= 600, 'both grace times were given');
  assert.equal(lastOf(await follow(host, id)).diagnostic?.code, 'run-killed');
  assert.equal(processStart(started.pid), undefined, 'the grandchild lives');
});

test('a trainer that something else kills is shown as crashed, with the signal', async (t) => {
  const host = aWindow(t, 'trains-until-stopped');
  const id = await start(host);
  await follow(host, id, (event) => event.type === 'step' && event.step >= 50); // long enough for its memory to be looked at
  process.kill(readLease(runOf(host, id).folder.lease)!.pid, 'SIGKILL');
  const last = lastOf(await follow(host, id));
  assert.deepEqual([last.outcome, last.diagnostic?.code], ['crashed', 'run-killed']);
  assert.match(last.diagnostic?.message ?? '', /SIGKILL.*it had used up to \d/);
  assert.equal(runOf(host, id).manifest.problem?.code, 'run-killed');
});

test('stderr of a flooding trainer stays small, and keeps its beginning and its end', async (t) => {
  const host = aWindow(t, 'floods');
  const id = await start(host);
  const last = lastOf(await follow(host, id));
  assert.deepEqual([last.outcome, last.diagnostic?.message], ['failed', 'the last straw']);
  const { folder } = runOf(host, id);
  await waitFor(() => existsSync(folder.exit));
  assert.ok(statSync(folder.stderr).size < 400_000, `stderr.log has ${statSync(folder.stderr).size} bytes`);
  const log = readFileSync(folder.stderr, 'utf8');
  assert.match(log.slice(0, 100), /^spam spam/);
  assert.match(log, /bytes left out/);
  assert.match(log.slice(-2000), /Error: the last straw/);
});

test('a native crash is named, and the torn line it left is repaired', async (t) => {
  const host = aWindow(t, 'crashes-natively');
  const id = await start(host);
  const events = await follow(host, id), last = lastOf(events);
  assert.deepEqual(events.map(({ type, seq }) => [type, seq]), [['started', 0], ['stage', 1], ['ended', 2]]);
  assert.deepEqual([last.outcome, last.diagnostic?.code], ['crashed', 'native-crash']);
  assert.match(last.diagnostic?.message ?? '', /SIGSEGV/);
  const lines = readFileSync(runOf(host, id).folder.journal, 'utf8').trim().split('\n');
  assert.equal(lines.map((line) => JSON.parse(line) as unknown).length, 3);
});

test('a trainer that runs out of memory says so, and how much it had', async (t) => {
  const host = aWindow(t, 'runs-out-of-memory');
  const { diagnostic } = lastOf(await follow(host, await start(host)));
  assert.equal(diagnostic?.code, 'out-of-memory');
  assert.match(diagnostic.message, /heap out of memory/);
  assert.match(diagnostic.fix ?? '', /batch/);
});

test('a full disk ends the run as failed, says so in its last line, and keeps the earlier checkpoint', { skip: noMounts() }, (t) => {
  const ended = spawnSync('unshare', ['--user', '--map-root-user', '--mount', process.execPath, scripts['fills-the-disk'], temporaryFolder(t)], { encoding: 'utf8' });
  assert.equal(ended.status, 0, ended.stderr);
  const { exitCode, manifest, lastLine, last } = JSON.parse(ended.stdout) as { exitCode: number; manifest: RunManifest; lastLine: RunEvent; last: { step: number } };
  assert.equal(exitCode, 1);
  assert.ok(lastLine.type === 'ended');
  assert.deepEqual([lastLine.outcome, lastLine.diagnostic?.code], ['failed', 'disk-full']);
  assert.deepEqual([manifest.status, manifest.problem?.code, last.step], ['failed', 'disk-full', 1]);
});

test('what the user can mend ends the run as failed, with its own diagnostic', async (t) => {
  const host = aWindow(t, 'refuses');
  const last = lastOf(await follow(host, await start(host)));
  assert.deepEqual([last.outcome, last.diagnostic?.code, last.diagnostic?.fix], ['failed', 'bad-weights', 'install it again']);
});

test('a control stands under its run, is concluded with it, and deleted with it', async (t) => {
  const host = aWindow(t, 'judges-controls');
  const id = await start(host);
  await follow(host, id, ({ type }) => type === 'control-started');
  const [control] = runOf(host, id).controls;
  assert.ok(control);
  assert.deepEqual([control.manifest.control, control.manifest.status, control.manifest.request], ['scratch', 'preparing', { overrides: { seed: 3 } }]);
  assert.equal(host.findRuns().runs.length, 1);
  const refused = host.deleteRun(id);
  assert.equal(refused.ok ? '' : refused.errors[0]?.code, 'trainer-busy');

  process.kill(readLease(runOf(host, id).folder.lease)!.pid, 'SIGKILL');
  await follow(host, id);
  await waitFor(() => runOf(host, id).controls[0]?.manifest.status === 'crashed');
  assert.equal(runOf(host, id).controls[0]?.manifest.problem?.code, 'run-killed');
  valueOf(host.deleteRun(id));
  assert.deepEqual(host.findRuns(), { runs: [], problems: [] });
  assert.ok(!existsSync(control.folder.path));
});

test('two windows on one home: one run trains at a time, the others in order, and all are seen by both', async (t) => {
  const home = aHome(t);
  const first = aWindow(t, 'trains-until-stopped', home), second = aWindow(t, 'trains-until-stopped', home);
  const one = await start(first);
  await follow(second, one, ({ type }) => type === 'step'); // the second window finds the first one's run
  const [two = '', three = ''] = [await start(second), await start(first)].sort(); // ids tell seconds apart, not more
  await waitFor(() => [two, three].every((id) => readLease(runOf(first, id).folder.lease) !== undefined));
  await sleep(500);
  const statuses = (): (string | undefined)[] => [one, two, three].map((id) => runOf(first, id).manifest.status);
  assert.deepEqual(statuses(), ['training', 'queued', 'queued']);
  await second.stopRun(one);
  await follow(first, two, ({ type }) => type === 'step');
  assert.deepEqual(statuses(), ['stopped', 'training', 'queued']);
  assert.equal(valueOf(await first.stopRun(three)), 'stopped', 'a queued run can be stopped');
  await first.stopRun(two);
  assert.deepEqual(statuses(), ['stopped', 'stopped', 'stopped']);
});

test('a dead trainer frees the turn for the next run', async (t) => {
  const host = aWindow(t, 'trains-until-stopped');
  const one = await start(host);
  await follow(host, one, ({ type }) => type === 'step');
  const two = await start(host);
  process.kill(readLease(runOf(host, one).folder.lease)!.pid, 'SIGKILL');
  await follow(host, two, ({ type }) => type === 'step');
});

test('two windows that find the same dead run write its end once', async (t) => {
  const home = aHome(t);
  const windows = [aWindow(t, 'crashes-natively', home), aWindow(t, 'crashes-natively', home), aWindow(t, 'crashes-natively', home)];
  const id = await start(windows[0]!);
  const ends = await Promise.all(windows.map(async (window) => lastOf(await follow(window, id))));
  for (const end of ends) assert.deepEqual(end, ends[0]);
  const lines = readFileSync(runOf(windows[0]!, id).folder.journal, 'utf8').trim().split('\n');
  assert.equal(lines.filter((line) => line.includes('"type":"ended"')).length, 1);
});

test('a home that cannot be written gets its runs elsewhere, and they are found there', async (t) => {
  const host = aWindow(t, 'finishes'), { experimentFile } = host;
  symlinkSync('/dev/null', join(experimentFile, '..', '.thaw')); // no folder can be made there, not even by root
  const started = await host.startRun({ experimentFile });
  assert.ok(started.ok);
  assert.deepEqual(started.warnings.map(({ code }) => code), ['unwritable']);
  assert.equal(lastOf(await follow(host, started.value)).outcome, 'finished');
  assert.ok(runOf(host, started.value).folder.path.includes(join('user', 'homes')));
});

test('a missing experiment file, a Node that does not start and a run that is not there are said', async (t) => {
  const home = temporaryFolder(t);
  const host = new TrainerHost({
    home, userData: join(home, 'user'), scripts: { keeper: scripts.keeper, trainer: scripts.finishes },
    node: () => Promise.resolve({ ok: true, value: { command: join(home, 'no-node'), environment: {}, version: 'v20.0.0', why: '' }, warnings: [] }),
  });
  const codeOf = (checked: Checked<unknown>): string | undefined => checked.ok ? undefined : checked.errors[0]?.code;
  assert.equal(codeOf(await host.startRun({ experimentFile: join(home, 'none.thaw.yaml') })), 'no-experiment-file');
  writeFileSync(join(home, 'a.thaw.yaml'), '');
  assert.equal(codeOf(await host.startRun({ experimentFile: join(home, 'a.thaw.yaml') })), 'node-missing');
  assert.deepEqual(host.findRuns().runs, [], 'no run is left of it');
  assert.equal(codeOf(await host.stopRun('../../etc')), 'no-run');
  assert.equal(codeOf(host.deleteRun('20260501-120000-none-123456')), 'no-run');
});

test('an installation without its keeper shows a crashed run, not one that starts for ever', async (t) => {
  const home = temporaryFolder(t);
  const host = new TrainerHost({
    home, userData: join(home, 'user'), scripts: { keeper: join(home, 'none.mjs'), trainer: scripts.finishes },
    node: () => Promise.resolve({ ok: true, value: { command: process.execPath, environment: {}, version: '', why: '' }, warnings: [] }),
  });
  writeFileSync(join(home, 'a.thaw.yaml'), '');
  const id = valueOf(await host.startRun({ experimentFile: join(home, 'a.thaw.yaml') }));
  const last = lastOf(await follow(host, id));
  assert.deepEqual([last.outcome, last.diagnostic?.code], ['crashed', 'engine-missing']);
});

test('a trainer whose run is deleted under it ends, and brings nothing back', async (t) => {
  const host = aWindow(t, 'trains-until-stopped');
  const id = await start(host);
  await follow(host, id, ({ type }) => type === 'step');
  const { folder } = runOf(host, id), { pid } = readLease(folder.lease)!;
  rmSync(folder.path, { recursive: true, force: true, maxRetries: 3 });
  await waitFor(() => processStart(pid) === undefined);
  assert.deepEqual(host.findRuns(), { runs: [], problems: [] });
});

test('a trainer whose keeper is killed goes on, and can be stopped', { skip: process.platform !== 'linux' && 'finds the keeper in /proc' }, async (t) => {
  const host = aWindow(t, 'trains-until-stopped');
  const id = await start(host);
  await follow(host, id, ({ type }) => type === 'step');
  const { folder } = runOf(host, id);
  const keeper = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${readLease(folder.lease)!.pid}/status`, 'utf8'))?.[1];
  process.kill(Number(keeper), 'SIGKILL');
  await follow(host, id, (event) => event.type === 'step' && event.step >= 30);
  assert.equal(valueOf(await host.stopRun(id)), 'stopped');
  writeFileSync(folder.exit, ''); // nobody else will: what ends the test waits for it
});

test('questions are answered by a short-lived child; refusals, crashes, silence and cancellation come back as such', async (t) => {
  const host = aWindow(t, 'answers');
  assert.deepEqual(await host.ask('echo', ['a', '"b"\n']), { ok: true, value: ['a', '"b"\n'], warnings: [] });
  const codeOf = (checked: Checked<unknown>): string | undefined => checked.ok ? undefined : checked.errors[0]?.code;
  assert.equal(codeOf(await host.ask('refuse', [])), 'no-folder');
  assert.equal(codeOf(await host.ask('crash', [])), 'native-crash');
  assert.equal(codeOf(await host.ask('hang', [], { timeoutMs: 300 })), 'engine-failed');
  const abort = new AbortController();
  const answer = host.ask('hang', [], { signal: abort.signal });
  abort.abort(new Error('changed my mind'));
  await assert.rejects(answer, /changed my mind/);
});

/** A tiny file system needs a name space of its own, which not every machine grants. */
function noMounts(): string | false {
  const tried = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
  return tried.status !== 0 && 'needs unshare(1) with user and mount name spaces';
}

async function waitFor(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 50) {
    assert.ok(waited < 10_000, `waited in vain for ${condition.toString()}`);
    await sleep(50);
  }
}
