import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CachedFeatures } from '../protocol/answers.ts';
import type { RunsPlace } from './runFolder.ts';
import { grouped } from '../base/grouped.ts';
import { underLock } from './lock.ts';
import { unless } from './systemError.ts';

/*
 * The feature cache as files, seen from outside: what it holds, and what goes when it is full. engine/featureCache.ts
 * names them: segments `<key>-<number>-<id>.data` with an `.index`, and `<key>.about`.
 */

/** Unless the person says otherwise: some two million photos at a head, or a hundred thousand in the middle of a small network. */
export const defaultFeatureBytes = 10e9;

/** By what they are features of, the last used first. */
export function cachedFeatures({ features }: RunsPlace): readonly CachedFeatures[] {
  return [...grouped(segmentsIn(features), ({ key }) => key)].map(([key, segments]) => ({
    key,
    title: unless(['ENOENT'], () => readFileSync(join(features, `${key}.about`), 'utf8')) ?? key,
    sizeBytes: segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    usedAt: new Date(Math.max(...segments.map(({ usedMs }) => usedMs))).toISOString(),
  })).sort((a, b) => a.usedAt < b.usedAt ? 1 : -1);
}

/**
 * Removes the segments that were used longest ago until `maxBytes` are left; none that was used since `sinceAt`, which is
 * how a run keeps what it has opened. Returns the bytes that are left. Only for the run that holds the training lock.
 */
export function trimFeatures({ features }: RunsPlace, maxBytes: number, sinceAt: string): number {
  const sinceMs = Date.parse(sinceAt), segments = segmentsIn(features).sort((a, b) => a.usedMs - b.usedMs);
  let left = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const gone = segments.filter(({ sizeBytes, usedMs }) => {
    const goes = left > maxBytes && usedMs < sinceMs;
    if (goes) left -= sizeBytes;
    return goes;
  });
  remove(features, gone, segments);
  return left;
}

/** Removes these features. Undefined, and nothing is removed, while a run trains here: it may be using them. */
export function clearFeatures(place: RunsPlace, keys: ReadonlySet<string>): number | undefined {
  const chosen = (): readonly Segment[] => segmentsIn(place.features).filter(({ key }) => keys.has(key));
  if (chosen().length === 0) return 0;
  return underLock(place.training, () => {
    const gone = chosen();
    remove(place.features, gone, gone);
    return gone.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  });
}

interface Segment {
  /** Without its ending. */
  readonly name: string;
  readonly key: string;
  readonly sizeBytes: number;
  /** Written or opened. */
  readonly usedMs: number;
}

function segmentsIn(folder: string): Segment[] {
  const files = unless(['ENOENT'], () => readdirSync(folder)) ?? [];
  const names = new Set(files.flatMap((file) => /^([0-9a-f]+-\d{6}-\w+)\.(data|index)$/.exec(file)?.[1] ?? []));
  return [...names].map((name) => {
    const found = ['data', 'index'].flatMap((ending) => unless(['ENOENT'], () => statSync(join(folder, `${name}.${ending}`))) ?? []);
    return {
      name, key: name.slice(0, name.indexOf('-')),
      sizeBytes: found.reduce((sum, { size }) => sum + size, 0), usedMs: Math.max(0, ...found.map(({ mtimeMs }) => mtimeMs)),
    };
  });
}

/** Of `all` segments of their keys. The index goes first: data without one was never promised to anybody. */
function remove(folder: string, gone: readonly Segment[], all: readonly Segment[]): void {
  const kept = new Set(all.filter((segment) => !gone.includes(segment)).map(({ key }) => key));
  for (const { name, key } of gone) {
    for (const file of [`${name}.index`, `${name}.data`, ...kept.has(key) ? [] : [`${key}.about`]]) unless(['EPERM', 'EBUSY', 'EACCES'], () => rmSync(join(folder, file), { force: true })); // what somebody has open waits for the next time
  }
}
