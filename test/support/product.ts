/** The product as a person has it: dist/ (npm test builds it first), driven from a terminal, on real photos. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import type { Checked } from '../../src/protocol/diagnostic.ts';
import type { RunEvent } from '../../src/protocol/runEvent.ts';
import type { RunManifest } from '../../src/protocol/runManifest.ts';
import { readJournal } from '../../src/runs/journal.ts';
import { readLease } from '../../src/runs/lease.ts';
import { readManifest } from '../../src/runs/manifest.ts';
import { placesOf, type RunFolder } from '../../src/runs/runFolder.ts';
import { runFoldersIn } from '../../src/runs/runIndex.ts';
import { signalTree } from '../../src/trainer/host/killTree.ts';
import { repoRoot } from './root.ts';
import { temporaryFolder } from './temporary.ts';

/** What a person sees of one command. */
export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Shared by all tests, with no native engine in it: that wasm is the engine of this machine is found out once. */
const cache = join(repoRoot, 'out', 'test-cache');

/** A head on frozen features, two epochs, no control that trains: seconds of the real thing. */
export const quick = 'stages: [{ train: [head], epochs: 2, augment: none }]\ncontrols: [blind, knn]\nbatch: 8\n';

/** An empty folder with the command line in it. When the test is over, whatever still trains there is ended and the folder goes. */
export class Workspace {
  readonly folder: string;
  readonly cli: string;
  /** Added to the environment of its commands. */
  readonly variables: Record<string, string> = {};

  /** `product`: a folder with a dist/, for installations that are not as they should be. */
  constructor(t: Pick<TestContext, 'after'>, product = repoRoot) {
    this.cli = join(product, 'dist', 'cli.mjs');
    t.after(async () => {
      for (const run of this.runs()) {
        const lease = readLease(run.lease);
        if (lease) signalTree(lease, 'SIGKILL');
      }
      await waitFor(() => this.runs().every((run) => existsSync(run.exit) || (manifestOf(run).controlOf !== undefined && !manifestOf(run).addedLater))); // the keepers' last deed
    });
    this.folder = temporaryFolder(t); // removed by a hook that runs after the one above
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  write(name: string, content: string | Uint8Array): string {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  /** Fills `<folder>/<class>/` with as many photos of the sample as it says, other ones for each class. */
  photos(classes: Readonly<Record<string, number>>, folder = 'photos'): string {
    for (const [i, [label, count]] of Object.entries(classes).entries()) {
      for (const [n, photo] of samplePhotos(i).slice(0, count).entries()) cpSync(photo, join(this.#made(folder, label), `${n}.jpg`));
    }
    return this.path(folder);
  }

  /** Two classes of eight and a quick experiment on them. Returns the name of its file. */
  quickExperiment(): string {
    this.photos({ glass: 8, paper: 8 });
    this.write('quick.thaw.yaml', `thaw: 1\ndata: { folder: photos }\n${quick}`);
    return 'quick.thaw.yaml';
  }

  /** Runs `thaw <args>` to its end. */
  thaw(...args: readonly string[]): Promise<Said> {
    return this.start(...args).ended;
  }

  /** The same in another environment. */
  thawIn(env: Readonly<Record<string, string | undefined>>, ...args: readonly string[]): Promise<Said> {
    return new Command(spawn(process.execPath, [this.cli, ...args], { cwd: this.folder, env })).ended;
  }

  start(...args: readonly string[]): Command {
    return this.startUnder([], ...args);
  }

  /** The same by way of another command, such as one that confines it to a core. */
  startUnder(command: readonly string[], ...args: readonly string[]): Command {
    const [first, ...rest] = [...command, process.execPath, this.cli, ...args];
    return new Command(spawn(first!, rest, { cwd: this.folder, env: this.environment }));
  }

  get environment(): Readonly<Record<string, string | undefined>> {
    return { ...process.env, XDG_DATA_HOME: this.path('user-data'), THAW_CACHE: cache, NO_COLOR: '1', HF_TOKEN: undefined, HF_ENDPOINT: undefined, ...this.variables };
  }

  /** Folders of all runs, controls among them, oldest first, wherever they are kept. */
  runs(): readonly RunFolder[] {
    return placesOf(this.folder, this.path('user-data', 'thaw')).flatMap(runFoldersIn).filter(({ manifest }) => existsSync(manifest)); // a folder is there a moment before its manifest
  }

  /** The only run, or the newest. */
  lastRun(): RunFolder {
    return this.runs().at(-1) ?? assert.fail('there is no run');
  }

  #made(...parts: readonly string[]): string {
    mkdirSync(this.path(...parts), { recursive: true });
    return this.path(...parts);
  }
}

/** A command that was started. */
export class Command {
  readonly process: ChildProcess;
  readonly ended: Promise<Said>;
  #stdout = '';
  #stderr = '';

  constructor(child: ChildProcess) {
    this.process = child;
    child.stdout!.setEncoding('utf8').on('data', (text: string) => { this.#stdout += text; });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => { this.#stderr += text; });
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }));
    });
  }

  /** Waits until it has said something like that. */
  said(pattern: RegExp): Promise<void> {
    return waitFor(() => pattern.test(this.#stdout + this.#stderr), () => `${String(pattern)} in\n${this.#stdout}${this.#stderr}`);
  }
}

export async function eventsOf(run: RunFolder): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const batch of readJournal(run.journal)) {
    assert.deepEqual(batch.notes, []);
    events.push(...batch.events);
  }
  return events;
}

/** The events of one type, in order. */
export async function factsOf<T extends RunEvent['type']>(run: RunFolder, type: T): Promise<readonly Extract<RunEvent, { readonly type: T }>[]> {
  return (await eventsOf(run)).filter((event): event is Extract<RunEvent, { readonly type: T }> => event.type === type);
}

export const manifestOf = (run: RunFolder): RunManifest => valueOf(readManifest(run));

export function valueOf<T>(checked: Checked<T>): T {
  assert.ok(checked.ok, checked.ok ? '' : checked.errors.map(({ message }) => message).join());
  return checked.value;
}

export async function waitFor(condition: () => boolean, what: () => string = () => condition.toString(), limitMs = 30_000): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 50) {
    assert.ok(waitedMs < limitMs, `waited in vain for ${what()}`);
    await sleep(50);
  }
}

/** Photos of the sample's n-th class. */
export function samplePhotos(n: number): readonly string[] {
  const samples = join(repoRoot, 'samples', 'recycling6');
  const folder = join(samples, readdirSync(samples).sort()[n]!);
  return readdirSync(folder).sort().map((name) => join(folder, name));
}
