import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { type Disposable, Owner } from '../base/owner.ts';
import type { Tick } from '../experiment/trainList.ts';
import { type Diagnostic, Refused } from '../protocol/diagnostic.ts';
import { initialRun, reduceRun, type RunState } from '../protocol/reduceRun.ts';
import { engineNamed, type RunEvent } from '../protocol/runEvent.ts';
import type { Member } from '../experiment/sweep.ts';
import type { ControlKind } from '../protocol/verdict.ts';
import { isControlOf } from '../protocol/isControlOf.ts';
import type { RunId, RunManifest } from '../protocol/runManifest.ts';
import { readManifest } from '../runs/manifest.ts';
import { manifestAfter } from '../runs/manifestAfter.ts';
import type { RunFolder } from '../runs/runFolder.ts';
import type { StoredRun } from '../runs/runIndex.ts';
import type { TrainerHost } from '../trainer/host/trainerHost.ts';
import { setContext } from './setContext.ts';
import type { Homes } from './homes.ts';
import type { Log } from './log.ts';
import { plain } from './plainText.ts';
import { isLive } from './runLook.ts';
import { Throttle } from './throttle.ts';

/** A run as the views see it: live or stored, the same. */
export interface ModelRun {
  readonly folder: RunFolder;
  readonly manifest: RunManifest;
  /** Folded from the journal as far as it has been read; only what the manifest says before that. */
  readonly state: RunState;
  /** What `state` was folded from. */
  readonly events: readonly RunEvent[];
}

interface Entry {
  readonly host: TrainerHost;
  readonly folder: RunFolder;
  manifest: RunManifest;
  state: RunState;
  readonly events: RunEvent[];
  /** While its journal is being read; resolves at the end of the run. */
  reading?: Promise<void>;
}

/** Views are redrawn at most this often; the journal is read as it comes. */
const redrawMs = 50;
/** A new run's folder is there a moment before its manifest. */
const rescanMs = 300;
/** A run that is copied into place takes longer. */
const copyingMs = 3000;

/**
 * The one model that trees, status bar, notifications, Problems and dashboards watch. The journals are the truth: live
 * runs are followed from the start, also after a window reload; stored ones are read when somebody looks.
 */
export class RunModel extends Owner {
  readonly #onDidChangeRun = this.own(new vscode.EventEmitter<RunId>());
  /** A run, or a control, has news, or is gone. */
  readonly onDidChangeRun = this.#onDidChangeRun.event;
  readonly #onDidChangeRuns = this.own(new vscode.EventEmitter<void>());
  /** Runs came or went. */
  readonly onDidChangeRuns = this.#onDidChangeRuns.event;
  readonly #homes: Homes;
  readonly #log: Log;
  readonly #entries = new Map<RunId, Entry>();
  readonly #ended = new AbortController();
  readonly #news = new Set<RunId>();
  readonly #redraw = this.own(new Throttle(redrawMs, () => this.#fire()));
  #rescanTimer: NodeJS.Timeout | undefined;
  #watchers: readonly Disposable[] = [];
  #problems: readonly Diagnostic[] = [];
  #first: Promise<void> | undefined;

  constructor(homes: Homes, log: Log) {
    super();
    this.#homes = homes;
    this.#log = log;
    // The first run in a folder; of later ones the host tells (#watch).
    const watcher = this.own(vscode.workspace.createFileSystemWatcher('**/.thaw', false, true, true));
    this.own(watcher.onDidCreate(() => this.#rescan()));
    this.own(vscode.window.onDidChangeWindowState(({ focused }) => { if (focused) this.#rescan(); })); // for file systems that tell nothing
    this.own(vscode.workspace.onDidChangeWorkspaceFolders(() => this.#rescan()));
    this.own({ dispose: () => this.#end() });
  }

  /** Resolves once the stored runs are known; looks for them when first asked, and not while the extension activates. */
  ready(): Promise<void> {
    this.#first ??= new Promise((resolve) => setImmediate(() => {
      this.refresh();
      resolve();
    }));
    return this.#first;
  }

  /** Main runs, newest first. */
  runs(): readonly ModelRun[] {
    return this.#newestFirst().filter(({ manifest: { controlOf } }) => !controlOf || !this.#entries.has(controlOf));
  }

  /** The control runs of a run, oldest first; those of other runs too that it took over or is watched against. */
  controlsOf(id: RunId): readonly ModelRun[] {
    return this.#entriesOf(id);
  }

  /** The runs that one file made, in the order in which they run. */
  membersOf(sweep: string): readonly ModelRun[] {
    return this.runs().filter(({ manifest }) => manifest.sweep?.id === sweep).reverse();
  }

  runOf(id: RunId): ModelRun | undefined {
    return this.#entries.get(id);
  }

  /** Runs that a trainer works on or that wait for one, newest first; of controls, those that were added to a run that had ended. */
  live(): readonly ModelRun[] {
    return this.runs().flatMap((run) => isLive(run.state.status) ? [run] : this.controlsOf(run.manifest.id).filter(({ state }) => isLive(state.status)));
  }

  /** Run folders that cannot be read. */
  problems(): readonly Diagnostic[] {
    return this.#problems;
  }

  /** Reads the journals of a run and its controls; they stay up to date from then on. Resolves when what is stored has been read. */
  async read(id: RunId): Promise<ModelRun | undefined> {
    const entries = [this.#entries.get(id), ...this.#entriesOf(id)].filter((entry) => entry !== undefined);
    for (const entry of entries) this.#follow(entry);
    await Promise.all(entries.filter(({ manifest }) => !isLive(manifest.status)).map(({ reading }) => reading ?? Promise.resolve()));
    return this.#entries.get(id);
  }

  /** Starts a run from an experiment file as it is on the disk, or all that it makes; of those, the first is returned. Throws Refused. */
  async start(experiment: vscode.Uri, members: readonly Member[] = []): Promise<RunId> {
    const settings = vscode.workspace.getConfiguration('thaw'), engine = engineNamed(settings.get('engine')), featureCacheMaxGb = settings.get<number>('featureCache.maxGb');
    const request = { experimentFile: experiment.fsPath, ...(engine && { engine }), ...(featureCacheMaxGb !== undefined && { featureCacheMaxGb }) };
    const host = this.#homes.hostOf(experiment), started = members.length > 0 ? await host.startSweep(request, members) : await host.startRun(request);
    if (!started.ok) throw new Refused(started.errors);
    for (const { message } of started.warnings) void vscode.window.showWarningMessage(plain(message));
    this.refresh();
    return typeof started.value === 'string' ? started.value : started.value[0]!;
  }

  /** A run that was interrupted goes on; the run that takes its place is returned. Throws Refused. */
  async resume(id: RunId): Promise<RunId> {
    const resumed = await this.#hostOf(id).resumeRun(id);
    if (!resumed.ok) throw new Refused(resumed.errors);
    this.refresh();
    return resumed.value;
  }

  /** Adds a control to a run that has ended; it is judged anew when that is made. Throws Refused. */
  async addControl(id: RunId, control: ControlKind): Promise<RunId> {
    const added = await this.#hostOf(id).addControl(id, control);
    if (!added.ok) throw new Refused(added.errors);
    this.refresh();
    return added.value;
  }

  /** Repeats a run with other seeds until three can be judged together. Throws Refused. */
  async confirm(id: RunId): Promise<readonly RunId[]> {
    const started = await this.#hostOf(id).confirm(id);
    if (!started.ok) throw new Refused(started.errors);
    this.refresh();
    return started.value;
  }

  /** Stops a run and waits until it has. Throws Refused. */
  async stop(id: RunId): Promise<void> {
    const stopped = await this.#entries.get(id)?.host.stopRun(id);
    if (stopped && !stopped.ok) throw new Refused(stopped.errors);
  }

  /** Orders layers of a run to train, or to be frozen, from its next epoch on. Throws Refused. */
  changeLayers(id: RunId, ticks: readonly Tick[]): void {
    const ordered = this.#entries.get(id)?.host.changeLayers(id, ticks, 'tree');
    if (ordered && !ordered.ok) throw new Refused(ordered.errors);
  }

  /** Deletes a run that has ended, with its controls, from the disk. Throws Refused. */
  delete(id: RunId): void {
    const deleted = this.#entries.get(id)?.host.deleteRun(id);
    if (deleted && !deleted.ok) throw new Refused(deleted.errors);
    this.refresh();
  }

  /** Resolves when no run is live any more: for tests. */
  async whenIdle(): Promise<void> {
    await this.ready();
    while ([...this.#entries.values()].some(({ state }) => isLive(state.status))) await sleep(100);
  }

  /** Looks for runs again: those that came are added, those that went are dropped. */
  refresh(): void {
    clearTimeout(this.#rescanTimer);
    this.#rescanTimer = undefined;
    if (this.#ended.signal.aborted) return;
    this.#watch();
    const found = this.#homes.all().flatMap((host) => {
      const { runs, problems } = host.findRuns();
      return [{ host, problems, runs: runs.flatMap((run) => [run, ...run.controls]) }];
    });
    this.#setProblems(found.flatMap(({ problems }) => problems));
    const before = new Set(this.#entries.keys());
    for (const { host, runs } of found) {
      for (const run of runs) {
        before.delete(run.folder.id);
        this.#take(host, run);
      }
    }
    for (const id of before) this.#entries.delete(id);
    for (const id of before) this.#tell(id);
    this.#onDidChangeRuns.fire();
    this.#setContexts();
  }

  /** A folder that cannot be read may be one that is still being copied: when there is a new one, look once more. */
  #setProblems(problems: readonly Diagnostic[]): void {
    const known = new Set(this.#problems.map(({ where }) => where?.file)), fresh = problems.filter(({ where }) => !known.has(where?.file));
    for (const { message, where } of fresh) this.#log.warn(`${where?.file ?? ''} ${message}`);
    if (fresh.length > 0) this.#rescan(copyingMs);
    this.#problems = problems;
  }

  #take(host: TrainerHost, { folder, manifest, life }: StoredRun): void {
    let entry = this.#entries.get(folder.id);
    if (!entry) {
      entry = { host, folder, manifest, state: initialRun(manifest), events: [] };
      this.#entries.set(folder.id, entry);
      this.#tell(folder.id);
    }
    if (life === 'ended') return;
    if (!isLive(entry.manifest.status)) { // a trainer has taken up a run that had ended
      entry.manifest = manifest;
      delete entry.reading;
    }
    this.#follow(entry);
  }

  #follow(entry: Entry): void {
    entry.reading ??= this.#readEvents(entry)
      .catch((error: unknown) => this.#log.error(`the journal of ${entry.folder.id} cannot be read: ${String(error)}`))
      .finally(() => {
        if (isLive(entry.manifest.status)) delete entry.reading; // to be read on, should a trainer take it up again
      });
  }

  async #readEvents(entry: Entry): Promise<void> {
    const { host, folder: { id } } = entry, wasLive = isLive(entry.manifest.status);
    const onNote = (note: string): void => this.#log.info(`${id}: a journal line was skipped: ${note}`);
    for await (const event of host.eventsOf(id, entry.state.nextSeq, this.#ended.signal, { onNote })) {
      entry.events.push(event);
      entry.state = reduceRun(entry.state, event);
      entry.manifest = manifestAfter(entry.manifest, event);
      if (event.type === 'data') entry.manifest = { ...storedManifest(entry), status: entry.manifest.status };
      if (event.type === 'control-started') this.#rescan();
      if (event.type === 'watched-against') for (const control of this.#entriesOf(id)) this.#follow(control);
      this.#tell(id);
    }
    entry.manifest = storedManifest(entry); // by now it says the same as the journal, and more
    this.#tell(id);
    const { controlOf, seedOf } = entry.manifest, parent = controlOf && this.#entries.get(controlOf);
    if (wasLive) for (const other of [controlOf, seedOf, parent && parent.manifest.seedOf]) if (other) this.#readOn(other);
  }

  /** A control or a repeat of this run has ended, and its journal has got a new verdict. */
  #readOn(id: RunId): void {
    const entry = this.#entries.get(id);
    if (!entry?.reading || isLive(entry.manifest.status)) return;
    delete entry.reading;
    this.#follow(entry);
  }

  #end(): void {
    this.#ended.abort();
    clearTimeout(this.#rescanTimer);
    for (const watcher of this.#watchers) watcher.dispose();
  }

  /** Looks for runs again, soon. */
  #rescan(afterMs = rescanMs): void {
    this.#rescanTimer ??= setTimeout(() => this.refresh(), afterMs);
  }

  #watch(): void {
    for (const watcher of this.#watchers) watcher.dispose();
    this.#watchers = this.#homes.all().map((host) => host.watchRuns(() => this.#rescan()));
  }

  #newestFirst(): Entry[] {
    return [...this.#entries.values()].sort((a, b) => a.folder.id < b.folder.id ? 1 : -1);
  }

  #entriesOf(id: RunId): Entry[] {
    const run = this.#entries.get(id);
    return run ? this.#newestFirst().filter(({ manifest }) => isControlOf(manifest, run.manifest, run.state)).reverse() : [];
  }

  #hostOf(id: RunId): TrainerHost {
    const entry = this.#entries.get(id);
    if (!entry) throw new Refused([{ code: 'no-run', severity: 'error', message: 'this run is not there any more' }]);
    return entry.host;
  }

  #tell(id: RunId): void {
    this.#news.add(id);
    this.#redraw.ask();
  }

  #fire(): void {
    const news = [...this.#news];
    this.#news.clear();
    for (const id of news) this.#onDidChangeRun.fire(id);
    this.#setContexts();
  }

  #setContexts(): void {
    const runs = this.runs();
    setContext('thaw.hasRuns', runs.length > 0);
    setContext('thaw.hasModel', runs.some(hasModel));
    setContext('thaw.training', this.live().length > 0);
  }
}

/** What the trainer knows and no event says: the dataset's folder, the backbone, the fingerprint. */
function storedManifest({ folder, manifest }: Entry): RunManifest {
  const read = readManifest(folder);
  return read.ok ? read.value : manifest;
}

/** A run that predictions can be made with: tested, or ended early with its best weights kept. */
export const hasModel = ({ manifest: { test, best, status } }: ModelRun): boolean => test !== undefined || (best !== undefined && !isLive(status));
