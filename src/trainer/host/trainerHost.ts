import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Disposable } from '../../base/owner.ts';
import type { Board } from '../../protocol/board.ts';
import { Bug } from '../../base/bug.ts';
import type { CachedFeatures, RateTest } from '../../protocol/answers.ts';
import type { Checked, Diagnostic } from '../../protocol/diagnostic.ts';
import type { EngineFacts, Outcome, RunEvent } from '../../protocol/runEvent.ts';
import type { ControlKind } from '../../protocol/verdict.ts';
import type { RunId, RunManifest, RunRequest } from '../../protocol/runManifest.ts';
import type { NodeChoice } from './findNode.ts';
import { ask, type AskOptions } from './ask.ts';
import { readBoard } from '../../runs/boardFile.ts';
import { codeOf, unless } from '../../runs/systemError.ts';
import { foldJournal } from '../../runs/foldJournal.ts';
import { cachedFeatures, clearFeatures } from '../../runs/featureFolder.ts';
import { concludeIfDead } from '../../runs/conclude.ts';
import { createRun, newRunId, placeOf, placesOf, preparePlace, removeRun, type RunFolder, type RunsPlace } from '../../runs/runFolder.ts';
import { eventsOf, type FollowOptions, tryWatch } from './follow.ts';
import { findRun, listRuns, type RunIndex, type StoredRun } from '../../runs/runIndex.ts';
import { giveOrder, type LayersOrder, tooLate } from '../../runs/control.ts';
import { hasEnded } from '../../protocol/hasEnded.ts';
import { readManifest } from '../../runs/manifest.ts';
import { nowAt } from '../../base/clock.ts';
import { parseRateTest, parseRunEvent } from '../../protocol/guards.ts';
import { readJournal } from '../../runs/journal.ts';
import { readRateTest } from '../../runs/rateTests.ts';
import { readLease } from '../../runs/lease.ts';
import { type Scripts, spawnTrainer } from './spawnTrainer.ts';
import { whyNotResumable } from '../../protocol/resumable.ts';
import { signalTree } from './killTree.ts';
import { underLock } from '../../runs/lock.ts';

export interface StartRequest extends RunRequest {
  /** Absolute. */
  readonly experimentFile: string;
  /** Of a run that is one of several: see startSweep. */
  readonly sweep?: RunManifest['sweep'];
  readonly seedOf?: RunId;
  /** What the caller knows already, for lists; the trainer fills in the rest. */
  readonly dataFolder?: string;
  readonly backbone?: string;
}

export interface RateOptions {
  /** Left out: the fastest. */
  readonly engine?: EngineFacts['name'] | undefined;
  readonly signal: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
}

/** It may wait for a run of hours. */
const rateTimeoutMs = 7 * 24 * 3_600_000;

/** How long a trainer gets to end by itself, before it is told more plainly. */
export interface StopTimes {
  /** After the order: it finishes its step and keeps a checkpoint. */
  readonly graceMs: number;
  /** After SIGTERM, which means the same to one that does not read its orders. */
  readonly termMs: number;
  /** After SIGKILL: the system and the keeper do their part. */
  readonly killMs: number;
}

const stopTimes: StopTimes = { graceMs: 20_000, termMs: 10_000, killMs: 10_000 };

/**
 * Starts trainers of one home folder (workspace), finds them again, follows and stops them. Holds no state of its own:
 * the run folders are the truth, so that any number of windows and terminals can do this for the same home.
 */
export class TrainerHost {
  readonly #home: string;
  readonly #userData: string;
  readonly #scripts: Scripts;
  readonly #node: () => Promise<Checked<NodeChoice>>;

  /** `node` is asked when first needed. `userData`: base/environment.ts userDataFolder(). */
  constructor(options: { readonly home: string; readonly userData: string; readonly scripts: Scripts; readonly node: () => Promise<Checked<NodeChoice>> }) {
    this.#home = options.home;
    this.#userData = options.userData;
    this.#scripts = options.scripts;
    this.#node = options.node;
  }

  /**
   * Makes the run's folder, with the experiment file as it is now, and starts a trainer on it. The trainer waits its
   * turn when another run of this home trains. A run that could not be started is shown as such.
   */
  async startRun(request: StartRequest): Promise<Checked<RunId>> {
    const { experimentFile } = request;
    if (!existsSync(experimentFile)) return refused({ code: 'no-experiment-file', severity: 'error', message: 'there is no such experiment file', where: { file: experimentFile } });
    return this.#start(() => {
      const place = preparePlace(this.#home, this.#userData);
      return place.ok ? { ...place, value: createWith(place.value, manifestOf(request), experimentFile) } : place;
    });
  }

  /**
   * A control of a run that has ended, trained by a trainer of its own once it is its turn; the run is then judged anew.
   * One that was stopped or has failed is made again.
   */
  async addControl(id: string, control: ControlKind, request: RunRequest = {}): Promise<Checked<RunId>> {
    await this.#settled(id);
    const found = this.#tested(id);
    if (!found.ok) return found;
    const { folder, manifest, controls } = found.value;
    if (controls.some((each) => each.manifest.control === control && each.life !== 'ended')) return refused({ code: 'control-refused', severity: 'error', message: `the control "${control}" of this run is being made already` });
    const { title, experimentFile, dataFolder, backbone } = manifest, overrides = { ...request.overrides, controls: `[${control}]` };
    return this.#start(() => fine(createWith(placeOf(folder), {
      ...manifestOf({ experimentFile, dataFolder, backbone, ...sameWishes(manifest), ...request, overrides }, `${title} (${control})`, `${title} ${control}`),
      controlOf: folder.id, control, addedLater: true,
    }, folder.resolvedPlan)));
  }

  /**
   * Runs that repeat a tested one with other seeds, on the same photos in the same splits, until there are `seeds` of them in
   * all, with the controls that decide; those too that the run itself lacks. Each that ends is judged together with the ones
   * before. Returns what was started: nothing when there is enough already.
   */
  async confirm(id: string, seeds = 3): Promise<Checked<readonly RunId[]>> {
    await this.#settled(id);
    const asked = this.#tested(id), found = asked.ok && asked.value.manifest.seedOf !== undefined ? this.#tested(asked.value.manifest.seedOf) : asked;
    if (!found.ok) return found;
    const { folder, manifest, controls } = found.value, started: RunId[] = [];
    const repeats = this.findRuns().runs.filter((run) => run.manifest.seedOf === folder.id && (run.manifest.test !== undefined || run.life !== 'ended'));
    const made = (await foldJournal(folder, manifest)).controls.flatMap(({ control, accuracy }) => accuracy ? [control] : []);
    const deciding = made.some(isDeciding) ? made.filter(isDeciding) : decidingControls, taken = [folder, ...repeats.map((each) => each.folder)].map(seedOfPlan);
    for (const control of deciding) {
      if (made.includes(control) || controls.some((each) => each.manifest.control === control && each.life !== 'ended')) continue;
      const added = await this.addControl(folder.id, control);
      if (!added.ok) return added;
      started.push(added.value);
    }
    for (let seed = Math.max(...taken) + 1; taken.length < seeds; seed++) {
      const overrides = { seed, controls: `[${deciding.join(', ')}]` }, { title, experimentFile, dataFolder, backbone } = manifest;
      const run = await this.#start(() => fine(createWith(placeOf(folder), {
        ...manifestOf({ experimentFile, dataFolder, backbone, ...sameWishes(manifest), overrides }, `${title} (seed ${seed})`, `${title} seed ${seed}`), seedOf: folder.id,
      }, folder.resolvedPlan)));
      if (!run.ok) return run;
      started.push(run.value);
      taken.push(seed);
    }
    return { ok: true, value: started, warnings: [] };
  }

  /**
   * A run that was stopped, or whose trainer died, goes on from its last checkpoint, as a run that takes its place: on the same
   * engine, by the plan that it had come to. Without a checkpoint it begins anew.
   */
  async resumeRun(id: string): Promise<Checked<RunId>> {
    await this.#settled(id);
    const folder = this.folderOf(id), read = folder.ok ? readManifest(folder.value) : folder;
    if (!folder.ok || !read.ok) return folder.ok ? read as Checked<never> : folder;
    const { value: manifest } = read, { experimentFile, dataFolder, backbone, request, engine, sweep, seedOf, title } = manifest, refusal = whyNotResumable(manifest);
    if (refusal) return refused(refusal);
    const next = this.findRuns().runs.find(({ manifest: { continues }, life }) => continues?.run === id && life !== 'ended');
    if (next) return refused({ code: 'trainer-busy', severity: 'error', message: 'this run is being resumed already' });
    const changed = await wasChanged(folder.value), wishes = engine ? { engine: engine.name } : {};
    const kept = changed ? sameWishes(manifest) : request ?? {}; // layers that were changed on the way stand in the resolved plan only
    return this.#start(() => fine(createWith(placeOf(folder.value), {
      ...manifestOf({ experimentFile, dataFolder, backbone, ...kept, ...wishes }, title),
      ...(sweep && { sweep }), ...(seedOf && { seedOf }), continues: { run: folder.value.id },
    }, changed ? folder.value.resolvedPlan : folder.value.plan)));
  }

  /** Makes a run's folder and starts a trainer on it. */
  async #start(create: () => Checked<RunFolder>): Promise<Checked<RunId>> {
    const node = await this.#node();
    if (!node.ok) return node;
    try {
      const run = create();
      if (!run.ok) return run;
      const spawned = await spawnTrainer(node.value, this.#scripts, run.value);
      if (spawned.ok) return { ...run, value: run.value.id };
      removeRun(run.value);
      return spawned;
    } catch (error) {
      if (codeOf(error) !== 'ENOSPC') throw error;
      return refused({ code: 'disk-full', severity: 'error', message: 'the disk is full', fix: 'free some room, or delete runs you no longer need', where: { file: this.#home } });
    }
  }

  /** A run's end stands in its journal a moment before its manifest has it, and whoever reads it there may ask at once: that moment is waited for, up to 3 s. */
  async #settled(id: string): Promise<void> {
    for (let waits = 30; waits > 0; waits--) {
      const folder = this.folderOf(id), read = folder.ok ? readManifest(folder.value) : folder;
      if (!folder.ok || !read.ok || hasEnded(read.value.status) || !hasEnded((await foldJournal(folder.value, read.value)).status)) return;
      await sleep(100);
    }
  }

  /** A run that has ended and was tested: what controls can be compared with. */
  #tested(id: string): Checked<StoredRun> {
    const found = this.findRuns().runs.find(({ folder }) => folder.id === id);
    if (!found) return this.folderOf(id).ok ? refused({ code: 'control-refused', severity: 'error', message: 'this is a control itself', fix: 'name the run that it is a control of' }) : refused(noRun(id));
    const { life, manifest } = found;
    if (life !== 'ended') return refused({ code: 'trainer-busy', severity: 'error', message: 'this run has not ended', fix: 'wait until it has: its own controls come first' });
    if (!manifest.test) return refused({ code: 'control-refused', severity: 'error', message: 'this run was not tested: there is nothing to compare with', fix: 'choose a run that was trained to its end' });
    return { ok: true, value: found, warnings: [] };
  }

  /**
   * The runs that one file makes (experiment/sweep.ts), each as startRun makes one; they wait for each other in this order.
   * `repeats`: place of the one whose seed alone it changes. When one cannot be started, those before it go on.
   */
  async startSweep(request: StartRequest, members: readonly { readonly name: string; readonly varied: Readonly<Record<string, string>>; readonly repeats?: number }[]): Promise<Checked<readonly RunId[]>> {
    const started: RunId[] = [], id = newRunId('sweep', nowAt());
    let warnings: readonly Diagnostic[] = [];
    for (const { name, varied, repeats } of members) {
      const run = await this.startRun({ ...request, varied, sweep: { id, name, place: started.length + 1 }, ...(repeats !== undefined && { seedOf: started[repeats]! }) });
      if (!run.ok) return run;
      ({ warnings } = run);
      started.push(run.value);
    }
    return { ok: true, value: started, warnings };
  }

  /** All runs of the home. Dead ones are concluded on the way. */
  findRuns(): RunIndex {
    return listRuns(this.#home, this.#userData);
  }

  /** Tells when a run comes or goes, whoever starts or deletes it. Hears nothing of a home that has had no run yet. */
  watchRuns(onChange: () => void): Disposable {
    const watchers = placesOf(this.#home, this.#userData).map(({ runs }) => tryWatch(runs, onChange));
    return { dispose: () => watchers.forEach((watcher) => watcher?.close()) };
  }

  folderOf(id: string): Checked<RunFolder> {
    const run = findRun(this.#home, this.#userData, id);
    return run ? { ok: true, value: run, warnings: [] } : refused({ code: 'no-run', severity: 'error', message: `there is no run ${JSON.stringify(id)}` });
  }

  /** See follow.ts. Ends at once when there is no such run. */
  async* eventsOf(id: string, fromSeq: number, signal: AbortSignal, options?: FollowOptions): AsyncGenerator<RunEvent> {
    const run = this.folderOf(id);
    if (run.ok) yield* eventsOf(run.value, fromSeq, signal, options);
  }

  /** Orders a run to stop and waits until it has; plainer words follow when it does not. Returns how it ended. */
  async stopRun(id: string, times: StopTimes = stopTimes): Promise<Checked<Outcome>> {
    const run = this.folderOf(id);
    if (!run.ok) return run;
    giveOrder(run.value, { order: 'stop' });
    let outcome = await outcomeWithin(run.value, times.graceMs);
    if (!outcome) {
      signal(run.value, 'SIGTERM');
      outcome = await outcomeWithin(run.value, times.termMs);
    }
    if (!outcome) {
      signal(run.value, 'SIGKILL');
      outcome = await outcomeWithin(run.value, times.killMs);
    }
    if (outcome) return { ok: true, value: outcome, warnings: [] };
    const host = readLease(run.value.lease)?.host;
    return refused({ code: 'trainer-busy', severity: 'error', message: `the run has not stopped${host === undefined ? '' : `; its trainer runs on ${host}`}`, fix: 'stop it where it was started' });
  }

  /** Orders layers of a run to train, or to be frozen, from its next epoch on. Refused once it trains no more. */
  changeLayers(id: string, ticks: LayersOrder['ticks'], from: LayersOrder['from']): Checked<void> {
    const run = this.folderOf(id), before = run.ok ? readManifest(run.value) : run;
    if (!run.ok || !before.ok) return run.ok ? before as Checked<never> : run;
    if (before.value.controlOf !== undefined) return refused({ code: 'no-run', severity: 'error', message: 'a control trains as its run did', fix: 'change the experiment, and run it again' });
    const order: LayersOrder = { order: 'layers', ticks, from };
    if (mayTrain(before.value)) giveOrder(run.value, order);
    const now = readManifest(run.value); // once it trains no more, its trainer looks for orders a last time: this one may have come later still
    return now.ok && mayTrain(now.value) ? fine(undefined) : refused(tooLate(order, 'error'));
  }

  /** Removes a run and its controls from the disk. Refused while a trainer works on it. */
  deleteRun(id: string): Checked<void> {
    const index = this.findRuns();
    const found = index.runs.flatMap((run) => [run, ...run.controls]).find(({ folder }) => folder.id === id);
    const folder = this.folderOf(id); // damaged runs are not in the index, and can be deleted too
    if (!folder.ok) return folder;
    const busy: Checked<never> = refused({ code: 'trainer-busy', severity: 'error', message: 'a trainer works on this run', fix: 'stop it first' });
    const all = found ? [found, ...found.controls] : [];
    if (all.some(({ life }) => life !== 'ended')) return busy;
    const done = underLock(placeOf(folder.value).upkeep, () => {
      for (const run of [...all.map((each) => each.folder).reverse(), ...(found ? [] : [folder.value])]) removeRun(run);
      return true;
    });
    return done ? { ok: true, value: undefined, warnings: [] } : busy;
  }

  /** Compares backbones on a folder, without training; `names`: those that are meant, none for all at hand. `onProgress` gets RankProgress, unguarded. */
  async rank(folder: string, names: readonly string[], options: AskOptions): Promise<Checked<unknown>> {
    const place = preparePlace(this.#home, this.#userData);
    return place.ok ? this.ask('rank', [folder, place.value.path, ...names], options) : place;
  }

  /** What was found out by the last `rank` on a folder. */
  boardOf(folder: string): Board | undefined {
    return placesOf(this.#home, this.#userData).map((place) => readBoard(place, folder)).find((board) => board !== undefined);
  }

  /** What the home keeps of features, the last used first. */
  cachedFeatures(): readonly CachedFeatures[] {
    return placesOf(this.#home, this.#userData).flatMap(cachedFeatures);
  }

  /** Removes features from the disk, all or those with these keys; they are computed again when wanted. Returns the bytes freed. */
  clearFeatures(keys = this.cachedFeatures().map(({ key }) => key)): Checked<number> {
    const freed = placesOf(this.#home, this.#userData).map((place) => clearFeatures(place, new Set(keys)));
    if (freed.includes(undefined)) return refused({ code: 'trainer-busy', severity: 'error', message: 'a run trains here and uses the feature cache', fix: 'clear it when the run has ended' });
    return { ok: true, value: freed.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0), warnings: [] };
  }

  /** A question to a short-lived trainer process: see ask.ts. */
  async ask(command: string, args: readonly string[], options?: AskOptions): Promise<Checked<unknown>> {
    const node = await this.#node();
    return node.ok ? ask(node.value, this.#scripts.trainer, command, args, options) : node;
  }

  /** Tries learning rates on a stage of an experiment, once nothing else trains here. The result is kept: `rateTest` finds it again. */
  async findRate(experimentFile: string, stage: number, { engine, signal, onEvent }: RateOptions): Promise<Checked<RateTest>> {
    const place = preparePlace(this.#home, this.#userData);
    if (!place.ok) return place;
    const onProgress = (told: unknown): void => {
      const event = parseRunEvent(told);
      if (event.ok) onEvent(event.value);
    };
    const answer = await this.ask('rate', [experimentFile, place.value.path, String(stage), ...engine ? [engine] : []], { timeoutMs: rateTimeoutMs, signal, onProgress });
    if (!answer.ok) return answer;
    const test = parseRateTest(answer.value);
    if (!test.ok) throw new Bug(`the trainer's answer is not understood: ${test.note}`);
    return { ...answer, value: test.value };
  }

  /** The newest learning-rate test of a stage. */
  rateTest(experimentFile: string, stage: number): RateTest | undefined {
    return placesOf(this.#home, this.#userData).map((place) => readRateTest(place, experimentFile, stage)).find((test) => test !== undefined);
  }
}

/** The manifest of a new run: what the caller knows; the trainer fills in the rest. */
function manifestOf({ experimentFile, dataFolder = '', backbone = '', overrides, varied, engine, featureCacheMaxGb, sweep, seedOf }: StartRequest, name = basename(experimentFile).replace(/\.thaw\.ya?ml$/i, ''), id = name): RunManifest {
  const createdAt = nowAt();
  const title = sweep ? `${name} (${sweep.name})` : name, slug = sweep ? `${id} ${String(sweep.place).padStart(2, '0')}` : id; // runs wait in the order of their ids
  const request: RunRequest = { ...(overrides && { overrides }), ...(varied && { varied }), ...(engine && { engine }), ...(featureCacheMaxGb !== undefined && { featureCacheMaxGb }) };
  return { format: 1, id: newRunId(slug, createdAt), title, status: 'queued', createdAt, experimentFile, dataFolder, backbone, request, versions: {}, ...(sweep && { sweep }), ...(seedOf && { seedOf }) };
}

/** The folder of a new run with its plan: what is edited from now on is for the next run. */
function createWith(place: RunsPlace, manifest: RunManifest, plan: string): RunFolder {
  const run = createRun(place, manifest);
  try {
    copyFileSync(plan, run.plan);
    return run;
  } catch (error) {
    removeRun(run);
    throw error;
  }
}

/** Beside the plan, which has its overrides in it. */
const sameWishes = ({ request }: RunManifest): RunRequest =>
  ({ ...(request?.engine && { engine: request.engine }), ...(request?.featureCacheMaxGb !== undefined && { featureCacheMaxGb: request.featureCacheMaxGb }) });

/** Those that carry a claim. */
const decidingControls: readonly ControlKind[] = ['random-features', 'scratch'];
const isDeciding = (control: ControlKind): boolean => decidingControls.includes(control);

/** As the resolved plan says it (experiment/format.ts); 0 where it cannot be read. */
const seedOfPlan = ({ resolvedPlan, manifest }: RunFolder): number => {
  const seed = /^seed: (\d+)/m.exec(unless(['ENOENT'], () => readFileSync(resolvedPlan, 'utf8')) ?? '')?.[1] ?? /"seed": ?(\d+)/.exec(readFileSync(manifest, 'utf8'))?.[1];
  return Number(seed ?? 0);
};

/** Whether layers were thawed or frozen while it trained. */
async function wasChanged({ journal }: RunFolder): Promise<boolean> {
  for await (const { events } of readJournal(journal)) if (events.some(({ type }) => type === 'plan-changed')) return true;
  return false;
}

const mayTrain = ({ status }: RunManifest): boolean => ['queued', 'preparing', 'training'].includes(status);

const noRun = (id: string): Diagnostic => ({ code: 'no-run', severity: 'error', message: `there is no run ${JSON.stringify(id)}` });

const fine = <T>(value: T): Checked<T> => ({ ok: true, value, warnings: [] });

const refused = (diagnostic: Diagnostic): Checked<never> => ({ ok: false, errors: [diagnostic], warnings: [] });

function signal(run: RunFolder, name: 'SIGTERM' | 'SIGKILL'): void {
  const lease = readLease(run.lease);
  if (lease) signalTree(lease, name);
}

async function outcomeWithin(run: RunFolder, waitMs: number, everyMs = 50): Promise<Outcome | undefined> {
  for (let waitedMs = 0; ; waitedMs += everyMs) {
    const manifest = readManifest(run);
    const status = manifest.ok ? concludeIfDead(run, manifest.value).status : 'crashed';
    if (hasEnded(status)) return status;
    if (waitedMs >= waitMs) return undefined;
    await sleep(everyMs);
  }
}
