import { createHash, randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { RunId, RunManifest } from '../protocol/runManifest.ts';
import type { Checked } from '../protocol/diagnostic.ts';
import { atomicWrite } from './atomicWrite.ts';
import { formatJson } from '../protocol/jsonText.ts';
import { codeOf, unless } from './systemError.ts';

/** Where one run keeps what: absolute paths. The formats are in docs/formats.md. */
export interface RunFolder {
  readonly id: RunId;
  readonly path: string;
  readonly manifest: string;
  readonly journal: string;
  readonly lease: string;
  readonly control: string;
  readonly stderr: string;
  readonly exit: string;
  /** Some room held back for the last words on a full disk. */
  readonly reserve: string;
  /** The experiment file as it was when the run was started. */
  readonly plan: string;
  readonly resolvedPlan: string;
  readonly dataManifest: string;
  readonly checkpoints: string;
  readonly last: string;
  readonly best: string;
  readonly evaluations: string;
  /** What was found out about the trained network (evidenceFiles.ts). */
  readonly evidence: string;
}

/** A folder of runs with what they share: `training` and `upkeep` are locks (lock.ts). */
export interface RunsPlace {
  readonly path: string;
  readonly runs: string;
  readonly training: string;
  readonly upkeep: string;
  /** Features of all runs (featureFolder.ts). */
  readonly features: string;
  /** What is known of photos met before (data/factsCache.ts). */
  readonly facts: string;
  /** Backbones compared on a folder (boardFile.ts). */
  readonly boards: string;
  /** Learning-rate tests (rateTests.ts). */
  readonly rates: string;
}

export const runFolder = (path: string): RunFolder => ({
  id: basename(path) as RunId,
  path,
  manifest: join(path, 'run.json'),
  journal: join(path, 'journal.jsonl'),
  lease: join(path, 'lease.json'),
  control: join(path, 'control.jsonl'),
  stderr: join(path, 'stderr.log'),
  exit: join(path, 'exit.json'),
  reserve: join(path, '.reserve'),
  plan: join(path, 'plan.yaml'),
  resolvedPlan: join(path, 'plan.resolved.yaml'),
  dataManifest: join(path, 'data', 'manifest.jsonl'),
  checkpoints: join(path, 'checkpoints'),
  last: join(path, 'checkpoints', 'last.json'),
  best: join(path, 'checkpoints', 'best.json'),
  evaluations: join(path, 'eval'),
  evidence: join(path, 'evidence'),
});

/** The place that a run's folder lies in. */
export const placeOf = (run: RunFolder): RunsPlace => runsPlace(resolve(run.path, '..', '..'));

/** Where runs of a home folder (workspace) can be: its own `.thaw`, then the user's data folder, keyed by the home's path. */
export function placesOf(home: string, userData: string): readonly [own: RunsPlace, fallback: RunsPlace] {
  const real = existsSync(home) ? realpathSync(home) : resolve(home); // two ways to one folder share their runs
  const key = createHash('sha256').update(real).digest('hex').slice(0, 16);
  return [runsPlace(join(real, '.thaw')), runsPlace(join(userData, 'homes', key))];
}

/** The place for a new run, made ready. A home that cannot be written gets its runs elsewhere, which is said. */
export function preparePlace(home: string, userData: string): Checked<RunsPlace> {
  const [own, fallback] = placesOf(home, userData);
  const problem = prepare(own);
  if (problem === undefined) return { ok: true, value: own, warnings: [] };
  const elsewhere = prepare(fallback);
  if (elsewhere !== undefined) {
    return {
      ok: false, warnings: [],
      errors: [{
        code: 'unwritable', severity: 'error', where: { file: fallback.path },
        message: `neither ${own.path} (${problem}) nor ${fallback.path} (${elsewhere}) can be written`,
        fix: 'allow writing to one of them, or open a folder that you can write to',
      }],
    };
  }
  return {
    ok: true, value: fallback,
    warnings: [{
      code: 'unwritable', severity: 'warning', where: { file: own.path },
      message: `${own.path} cannot be written (${problem}): runs are kept in ${fallback.runs}`,
    }],
  };
}

/** `20260501-131502-flowers-3fa9c1`: sorts by time (UTC), reads well, and does not collide. */
export function newRunId(title: string, createdAt: string): RunId {
  const time = createdAt.replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const slug = title.toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '').replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 32).replace(/-$/, '');
  return `${time}-${slug || 'run'}-${randomBytes(3).toString('hex')}` as RunId;
}

/** Guards every id that comes from outside before it becomes a path. */
export const isRunId = (name: string): name is RunId => /^\d{8}-\d{6}-[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{6}$/.test(name);

/** Makes the folder of a new run with its manifest; or, on a full disk, neither. */
export function createRun(place: RunsPlace, manifest: RunManifest): RunFolder {
  const run = runFolder(join(place.runs, manifest.id));
  mkdirSync(run.path);
  try {
    atomicWrite(run.manifest, formatJson(manifest, 2));
    return run;
  } catch (error) {
    rmSync(run.path, { recursive: true, force: true });
    throw error;
  }
}

/** Removes a run. Renamed out of sight first: a removal that is cut short leaves no half run in the list. */
export function removeRun(run: RunFolder): void {
  const { runs } = placeOf(run);
  renameSync(run.path, join(runs, `${removedPrefix}${run.id}`));
  sweep(runs);
}

const removedPrefix = '.removed-';

/** Deletes what was removed, also by an earlier process that was cut short. What somebody still has open waits for the next time. */
function sweep(runs: string): void {
  for (const name of readdirSync(runs).filter((each) => each.startsWith(removedPrefix))) {
    unless(['ENOTEMPTY', 'EBUSY', 'EPERM'], () => rmSync(join(runs, name), { recursive: true, force: true, maxRetries: 3 }));
  }
}

export const runsPlace = (path: string): RunsPlace =>
  ({ path, runs: join(path, 'runs'), training: join(path, 'training'), upkeep: join(path, 'upkeep'), features: join(path, 'cache', 'features'), facts: join(path, 'cache', 'facts'), boards: join(path, 'boards'), rates: join(path, 'rates') });

const forbidden = ['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOTDIR', 'ENOENT'];

/** Creates the place's folders; returns why that cannot be, when it is forbidden. */
function prepare(place: RunsPlace): string | undefined {
  try {
    accessSync(nearestExisting(place.path), constants.W_OK); // mkdir would say of a read-only disk that it is not there
    for (const folder of [place.runs, place.training, place.upkeep]) {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK);
    }
    const ignore = join(place.path, '.gitignore');
    if (!existsSync(ignore)) writeFileSync(ignore, '*\n'); // runs do not belong into the user's repository
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    if (code !== undefined && forbidden.includes(code)) return code;
    throw error;
  }
}

const nearestExisting = (path: string): string => existsSync(path) ? path : nearestExisting(dirname(path));
