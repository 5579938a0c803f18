/**
 * Fetched weights in the user's cache: `models/blobs/<hash>` holds files by their content, `models/<owner>--<name>--<commit>.json`
 * says what one revision of a repository consists of. The latter is written last, so that a fetch that was cut short
 * never counts. Read synchronously: it is asked at each keystroke in an experiment file, and the answers are small.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { atomicWrite } from '../../runs/atomicWrite.ts';
import { dictionary, fields, list, matching, oneOf, optional, parsed, text, whole, type Guard } from '../../protocol/shape.ts';
import { hubText, mainRevision, type HubName } from '../../backbones/backboneName.ts';
import { nowAt } from '../../base/clock.ts';
import { unless } from '../../runs/systemError.ts';

/** One revision of a repository. */
export interface CachedModel {
  readonly format: 1;
  readonly repo: string;
  readonly commit: string;
  readonly fetchedAt: string;
  /** Branches and tags that were this commit, with when the hub was last asked. */
  readonly revisions: Readonly<Record<string, string>>;
  readonly licence?: string;
  /** The content of its config.json. */
  readonly config: unknown;
  readonly weights: readonly CachedWeights[];
}

export interface CachedWeights {
  /** In the repository. */
  readonly path: string;
  /** Name of its blob: the hash that the hub announced. */
  readonly blob: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

const anything: Guard<unknown> = (value) => value;
const hash = matching(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/);
const guard = fields<CachedModel>({
  format: oneOf(1), repo: text, commit: hash, fetchedAt: text, revisions: dictionary(text), licence: optional(text), config: anything,
  weights: list(fields<CachedWeights>({ path: text, blob: hash, sha256: hash, sizeBytes: whole })),
});

export const modelsFolder = (cache: string): string => join(cache, 'models');
export const blobPath = (cache: string, blob: string): string => join(modelsFolder(cache), 'blobs', blob);
const fileOf = (cache: string, { repo, commit }: Pick<CachedModel, 'repo' | 'commit'>): string => join(modelsFolder(cache), `${stemOf(repo)}--${commit}.json`);
const stemOf = (repo: string): string => repo.replace('/', '--'); // no name has two hyphens in a row

/** Those that are whole, by name, the newest of a name first. Damaged entries count as absent. */
export const listModels = (cache: string): readonly CachedModel[] => read(cache, () => true);

/** What was fetched for a name; of a branch or tag, where it pointed when the hub was last asked. */
export function findModel(cache: string, { repo, revision }: HubName): CachedModel | undefined {
  const askedAt = (model: CachedModel): string => model.commit === revision ? '9' : model.revisions[revision] ?? '';
  return read(cache, (file) => file.startsWith(`${stemOf(repo)}--`))
    .filter((model) => model.repo === repo && askedAt(model) !== '')
    .sort((a, b) => askedAt(a) < askedAt(b) ? 1 : -1)[0];
}

/** Keeps it, along with the branches and tags that were known to be this commit before. */
export function writeModel(cache: string, model: CachedModel): CachedModel {
  const others = read(cache, (file) => file.startsWith(`${stemOf(model.repo)}--`));
  const merged = { ...model, revisions: { ...others.find(({ commit }) => commit === model.commit)?.revisions, ...model.revisions } };
  const write = (each: CachedModel): void => atomicWrite(fileOf(cache, each), `${JSON.stringify(each, null, 2)}\n`);
  mkdirSync(modelsFolder(cache), { recursive: true });
  removeAbandoned(cache);
  write(merged);
  for (const other of others) { // a branch that moved on names its former commit no longer
    const left = Object.entries(other.revisions).filter(([revision]) => !(revision in merged.revisions));
    if (other.commit !== model.commit && left.length < Object.keys(other.revisions).length) write({ ...other, revisions: Object.fromEntries(left) });
  }
  return merged;
}

/** Forgets models, and the blobs that no other needs. Returns the bytes that this freed. */
export function removeModels(cache: string, models: readonly CachedModel[]): number {
  for (const model of models) rmSync(fileOf(cache, model), { force: true });
  const kept = new Set(listModels(cache).flatMap(({ weights }) => weights.map(({ blob }) => blob)));
  const gone = new Map(models.flatMap(({ weights }) => weights.map(({ blob, sizeBytes }) => [blob, sizeBytes] as const)).filter(([blob]) => !kept.has(blob)));
  for (const blob of gone.keys()) rmSync(blobPath(cache, blob), { force: true });
  return [...gone.values()].reduce((sum, size) => sum + size, removeAbandoned(cache));
}

/** A fetch that nobody has gone on with for so long is not gone on with any more. */
const abandonedMs = 7 * 86_400_000;

/** What interrupted fetches left (download/download.ts). Returns the bytes that this freed. */
function removeAbandoned(cache: string): number {
  const folder = join(modelsFolder(cache), 'blobs'), parts = (unless(['ENOENT', 'ENOTDIR', 'EACCES'], () => readdirSync(folder)) ?? []).filter((name) => name.endsWith('.part'));
  return parts.reduce((freed, name) => {
    const file = join(folder, name), found = unless(['ENOENT'], () => statSync(file));
    if (!found || Date.parse(nowAt()) - found.mtimeMs < abandonedMs) return freed;
    rmSync(file, { force: true });
    return freed + found.size;
  }, 0);
}

/** How an experiment names it: by its newest branch, else by its commit. */
export function nameOfModel({ repo, commit, revisions }: CachedModel): string {
  const revision = mainRevision in revisions ? mainRevision : Object.keys(revisions)[0] ?? commit;
  return hubText({ repo, revision });
}

export const modelBytes = ({ weights }: CachedModel): number => weights.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

function read(cache: string, isWanted: (file: string) => boolean): CachedModel[] {
  const names = unless(['ENOENT', 'ENOTDIR', 'EACCES'], () => readdirSync(modelsFolder(cache))) ?? [];
  return names.filter((name) => name.endsWith('.json') && isWanted(name)).sort().flatMap((name) => {
    const model = modelIn(join(modelsFolder(cache), name));
    return model && isWhole(cache, model) ? [model] : [];
  });
}

function modelIn(file: string): CachedModel | undefined {
  try {
    const model = parsed(guard, JSON.parse(readFileSync(file, 'utf8')));
    return model.ok ? model.value : undefined;
  } catch {
    return undefined; // gone since then, or damaged: fetched again when it is needed
  }
}

/** By the sizes of its files; their hashes are looked at when they are used. */
const isWhole = (cache: string, { weights }: CachedModel): boolean =>
  weights.length > 0 && weights.every(({ blob, sizeBytes }) => unless(['ENOENT', 'ENOTDIR', 'EACCES'], () => statSync(blobPath(cache, blob)).size) === sizeBytes);
