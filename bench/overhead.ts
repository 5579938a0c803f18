import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { RunEvent, RunFact } from '../src/protocol/runEvent.ts';
import type { RunWriter } from '../src/trainer/child/runWriter.ts';
import { aManifest, aRun } from '../test/support/runs.ts';
import { initialRun, reduceRun, type RunState } from '../src/protocol/reduceRun.ts';
import { LiveChecks } from '../src/evidence/liveChecks.ts';
import { machineOf } from '../src/trainer/child/machine/machine.ts';
import { median, table } from './support.ts';
import { nowAt } from '../src/base/clock.ts';
import { openExperiment, type Opened } from '../src/trainer/child/openExperiment.ts';
import { placeOf } from '../src/runs/runFolder.ts';
import { resolveWithCard } from '../src/trainer/child/resolveRun.ts';
import { trainFrom } from '../src/trainer/child/training.ts';
import { UnitWatch } from '../src/trainer/child/stages/unitWatch.ts';
import { ownCache } from '../test/support/ownCache.ts';
import { watchBand, watchText } from '../src/protocol/behindControl.ts';

/** The smallest step there is (checks weigh the most), two thawed blocks, and a whole network on pixels. */
const cases: readonly (readonly [name: string, experiment: string])[] = [
  ['head of EfficientNet-Lite0', 'backbone: efficientnet_lite0\nstages: [{ train: [head], epochs: 100 }]'],
  ['its top two blocks', 'backbone: efficientnet_lite0\nstages: [{ train: [head, conv_head, blocks.6], epochs: 5, rate: 1e-4 }]'],
  ['ResNet-20, whole', 'backbone: resnet20_cifar10\nstages: [{ train: [all], epochs: 10, rate: 1e-3, batchNorm: batch }]'],
];

/**
 * What live evidence costs: the same experiment trained in turns as a run and, without evidence of its own, as a control. The
 * difference of two times is mostly the machine's; so beside it stands what the checks and the looks at units took, by the clock.
 */
export async function overheadBench(rounds = 3): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'thaw-overhead-')), cache = ownCache(join(home, 'cache'));
  cpSync('samples/recycling6', join(home, 'photos'), { recursive: true });
  for (const [worker, folder] of [['decodeWorker', 'data'], ['prefixWorker', 'engine']] as const) cpSync(`dist/${worker}.mjs`, `out/src/${folder}/${worker}.mjs`); // they are looked for beside the code
  const spent = spentIn(), rows: string[][] = [];
  try {
    for (const [name, experiment] of cases) {
      const opened = await open(home, cache, experiment), withMs: number[] = [], withoutMs: number[] = [], shares: number[] = [], unitShares: number[] = [];
      let state: RunState | undefined;
      await trained(home, opened, true); // code is compiled
      for (let round = 0; round < rounds; round++) {
        withoutMs.push((await trained(home, opened, true)).elapsedMs);
        spent.checks = spent.units = 0;
        const run = await trained(home, opened, false);
        withMs.push(run.elapsedMs);
        shares.push((spent.checks + spent.units) / run.elapsedMs);
        unitShares.push(spent.units / run.elapsedMs);
        state = run.state;
      }
      rows.push([
        name, (median(withMs) / 1000).toFixed(1), percent(median(withMs.map((ms, i) => ms / withoutMs[i]! - 1))),
        percent(median(unitShares)), percent(median(shares)), watchMs(state!).toFixed(2),
      ]);
    }
    console.log(`\n### overhead: live evidence of a run, 360 photos, median of ${rounds} in turns; goal ≤ 3 % of the run; load average ${loadavg()[0]!.toFixed(1)}\n`);
    table(['trains', 'seconds', 'with against without', 'looks at units', 'all live evidence', 'the watch drawn once, ms (host, page)'], rows);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** Milliseconds that the trainer's own evidence takes, from now on. */
function spentIn(): { checks: number; units: number } {
  const spent = { checks: 0, units: 0 }, { see } = LiveChecks.prototype, { begin, look } = UnitWatch.prototype;
  const since = (what: keyof typeof spent, startMs: number): void => { spent[what] += performance.now() - startMs; };
  LiveChecks.prototype.see = function (...args) {
    const startMs = performance.now();
    try { return see.apply(this, args); } finally { since('checks', startMs); }
  };
  UnitWatch.prototype.begin = async function () {
    const startMs = performance.now();
    try { await begin.call(this); } finally { since('units', startMs); }
  };
  UnitWatch.prototype.look = async function (...args) {
    const startMs = performance.now();
    try { return await look.apply(this, args); } finally { since('units', startMs); }
  };
  return spent;
}

const never = new AbortController().signal;

async function open(home: string, cache: string, experiment: string): Promise<Opened> {
  const machine = machineOf(`file://${resolve('dist')}/cli.mjs`, cache, { endpoint: '' }), append = (): void => undefined;
  const text = `thaw: 1\ndata: { folder: photos }\nstop: { patience: 1000 }\n${experiment}\n`, file = join(home, 'overhead.thaw.yaml');
  const { plan, card } = await resolveWithCard(new TextEncoder().encode(text), { file, overrides: {}, append, signal: never }, machine);
  const opened = await openExperiment({ plan, card, place: placeOf(aRun(home)), earlier: new Map(), append, onDataset: () => undefined, stop: never }, machine);
  return opened!;
}

async function trained(home: string, opened: Opened, isControl: boolean): Promise<{ readonly elapsedMs: number; readonly state: RunState }> {
  const manifest = aManifest(), folder = aRun(home), { dataset: { facts }, plan: { stages } } = opened;
  const events: RunEvent[] = [], append = (fact: RunFact): RunEvent => {
    const event: RunEvent = { seq: events.length, at: nowAt(), ...fact };
    events.push(event);
    return event;
  };
  const writer: RunWriter = { folder, manifest: isControl ? { ...manifest, controlOf: folder.id } : manifest, append, updateManifest: () => undefined, close: () => undefined };
  append({ type: 'data', data: facts });
  const startMs = performance.now();
  await trainFrom(opened, writer, opened.start, { activity: 'features', stages, stop: never });
  return { elapsedMs: performance.now() - startMs, state: events.reduce(reduceRun, initialRun(manifest)) };
}

/** One look at a run beside a control as long, that leads by enough to be drawn. */
function watchMs(run: RunState): number {
  const lead = { ...run, validationAccuracy: { ...run.validationAccuracy, buffer: { ...run.validationAccuracy.buffer, y: run.validationAccuracy.buffer.y.map((y) => y + 0.1) } } };
  const controls = [{ manifest: { id: aManifest().id, control: 'scratch' as const }, state: lead }], startMs = performance.now();
  for (let i = 0; i < 100; i++) if (!watchText(run, controls) || !watchBand(run, controls)) throw new Error('nothing is watched');
  return (performance.now() - startMs) / 100;
}
