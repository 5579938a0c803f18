import { dirname } from 'node:path';
import { suggest } from '../base/suggest.ts';
import { isFolder } from '../backbones/backboneName.ts';
import type { Backbones } from '../backbones/backbones.ts';
import type { Architecture } from '../backbones/card.ts';
import { plannedBackbone } from '../backbones/earlierFeatures.ts';
import { networkOf } from '../backbones/networkOf.ts';
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import { lint } from './lint.ts';
import { readExperiment, readOverride } from './parse.ts';
import type { Read, Written } from './parse.ts';
import type { Origin, Origins, Plan } from './plan.ts';
import { alternatives, experimentField, fieldAt, leafPaths } from './schema.ts';
import type { Field, Value, ValueMap } from './schema.ts';
import { SenseCheck } from './senseCheck.ts';
import type { DataPlaces, FilledPlan } from './senseCheck.ts';
import { sweepOf } from './sweep.ts';

export interface ResolveOptions extends DataPlaces {
  /** Name of the file, for diagnostics. */
  readonly file: string;
  /** What the backbone's name is looked up in. */
  readonly backbones: Backbones;
  /** Values from the command line, as they would be written, by dotted path; `stages.*.rate` for every stage. */
  readonly overrides?: Readonly<Record<string, string | number | boolean>>;
  /** Likewise, what makes a run one of several (sweep.ts): before the command line. */
  readonly varied?: Readonly<Record<string, string>>;
  /** Photos in a data folder or manifest (absolute), where somebody has counted: some remarks rest on it. */
  readonly imagesIn?: (plan: Pick<Plan, 'task' | 'data'>) => number | undefined;
  /** Who wrote the text: a person's file (default), or a preset that never reached a disk. */
  readonly origin?: 'file' | 'preset';
}

/** A Plan, where each of its values came from, and the network that it is about. */
export interface Resolved {
  readonly plan: Plan;
  readonly origins: Origins;
  /** What the plan's backbone is; undefined: not known before its weights are fetched, and neither are its layers. */
  readonly backbone: Architecture | undefined;
}

/** The experiment with every default filled in, here and nowhere else, and checked for sense. All problems at once. */
export const resolveExperiment = (text: Uint8Array | string, options: ResolveOptions): Checked<Resolved> =>
  resolveRead(readExperiment(text, options.file), options);

/** The same for what has been read already. */
export function resolveRead(read: Read, options: ResolveOptions): Checked<Resolved> {
  const { source, written, diagnostics } = read;
  const varied = readOverrides(options.varied ?? {}, written), overrides = readOverrides(options.overrides ?? {}, written);
  const found: Diagnostic[] = [...diagnostics, ...varied.errors, ...overrides.errors];
  if (source.document === undefined) return { ok: false, errors: found, warnings: [] };

  const origins: Record<string, Origin> = {};
  const values = fill(experimentField, merged(written.values, [...varied.values, ...overrides.values]), '', (path, given) => {
    origins[path] = !given ? 'default' : overrides.origins.has(path) ? 'command line' : varied.origins.has(path) ? 'variant' : options.origin ?? 'file';
  });
  // The one cast from table to type: schema.ts has a field for every key of Plan, and each value was read by its field.
  const filled = values as unknown as FilledPlan;
  const plan = planOf(filled, options.folderOf), own = options.backbones.find(plan.backbone);
  const sense = new SenseCheck(filled, written, options.file, own);
  found.push(...sense.errors());
  if (found.length === 0) found.push(...membersErrors(read, options, plan, sense));
  const planned = own.ok && own.value ? plannedBackbone(own.value, plan) : undefined;
  if (found.length > 0 || !own.ok || planned?.ok === false) return { ok: false, errors: found.sort(byPlace), warnings: [] };
  const backbone = planned?.value, remarks = lint({ plan, written, network: backbone && networkOf(backbone), isWhole: backbone?.whole === undefined, ownInput: own.value?.input, images: options.imagesIn?.(plan) }, options.file);
  return { ok: true, value: { plan, origins, backbone }, warnings: [...sense.remarks(), ...sense.missingData(options), ...remarks] };
}

/** In reading order; what has no place first. */
function byPlace(a: Diagnostic, b: Diagnostic): number {
  const [at, bt] = [a.where?.range?.start, b.where?.range?.start];
  return (at?.line ?? -1) - (bt?.line ?? -1) || (at?.character ?? -1) - (bt?.character ?? -1);
}

/** What only shows once the changes of `variants` are made, such as a pattern that matches nothing. */
function membersErrors(read: Read, options: ResolveOptions, plan: Plan, sense: SenseCheck): Diagnostic[] {
  for (const { name, varied } of sweepOf(plan)) {
    const member = resolveRead(read, { ...options, varied });
    if (!member.ok) return [sense.ofVariant(name, member.errors[0]!)];
  }
  return [];
}

function planOf(filled: FilledPlan, folderOf: (written: string) => string): Plan {
  const left = leftOut(filled), { folder, manifest, ...data } = filled.data, list = manifest === undefined ? undefined : folderOf(manifest);
  const written = (folder as string | undefined) ?? ''; // neither stands there: it has been reported
  return {
    ...filled,
    data: { folder: list === undefined ? folderOf(written) : dirname(list), ...(list !== undefined && { manifest: list }), ...data },
    backbone: isFolder(filled.backbone) ? folderOf(filled.backbone) : filled.backbone,
    controls: filled.controls.filter((control) => !left.includes(control)),
    sourceData: filled.sourceData === 'none' ? 'none' : folderOf(filled.sourceData),
    scratchBudget: filled.scratchBudget === 'off' ? 'auto' : filled.scratchBudget,
  };
}

/** A run from random weights is its own control: these would repeat it. */
function leftOut({ weights, scratchBudget }: FilledPlan): readonly Plan['controls'][number][] {
  if (weights === 'random') return ['random-features', 'scratch'];
  return scratchBudget === 'off' ? ['scratch'] : [];
}

/** Defaults for what is not there, key by key in the schema's order. `told` hears of every leaf and whether it was given. */
function fill(field: Field, value: Value | undefined, path: string, told: (path: string, given: boolean) => void): Value {
  const below = (key: string): string => path === '' ? key : `${path}.${key}`;
  if (field.kind === 'map') {
    const given = value as ValueMap | undefined;
    const keys = Object.entries(field.keys).filter(([key]) => given?.[key] !== undefined || !alternatives[path]?.includes(key));
    return Object.fromEntries(keys.map(([key, child]) => [key, fill(child, given?.[key], below(key), told)]));
  }
  if (field.kind === 'list' && field.of.kind === 'map') {
    const items = (value ?? field.default) as readonly Value[];
    return items.map((item, index) => fill(field.of, item, below(String(index)), told));
  }
  told(path, value !== undefined);
  return value ?? defaultAt(field, path);
}

function defaultAt(field: Exclude<Field, { kind: 'map' }>, path: string): Value {
  if (field.kind !== 'text') return field.default;
  const stage = /^stages\.(\d+)\./.exec(path);
  return field.default?.replace('{n}', String(Number(stage?.[1]) + 1)) ?? ''; // a required key: its absence has been reported
}

interface Overrides {
  /** Merged into the file's values. */
  readonly values: readonly (readonly [path: string, value: Value])[];
  readonly origins: ReadonlySet<string>;
  readonly errors: readonly Diagnostic[];
}

function readOverrides(texts: NonNullable<ResolveOptions['overrides']>, written: Written): Overrides {
  const values: [string, Value][] = [], errors: Diagnostic[] = [];
  const stages = Math.max(1, (written.values['stages'] as readonly Value[] | undefined)?.length ?? 0);
  for (const [pattern, text] of Object.entries(texts)) {
    const field = fieldAt(pattern), stage = /^stages\.(\d+)\./.exec(pattern);
    if (field === undefined || field.kind === 'map' || pattern === 'stages') {
      const near = suggest(pattern, leafPaths(experimentField, ''));
      errors.push({ code: 'unknown-key', severity: 'error', message: `no value "${pattern}" in an experiment`, ...(near && { fix: `did you mean "${near}"?` }) });
    } else if (stage && Number(stage[1]) >= stages) {
      errors.push({ code: 'out-of-range', severity: 'error', message: `"${pattern}": there are ${stages} stages, counted from 0` });
    } else {
      const read = readOverride(field, pattern, String(text));
      const paths = pattern.includes('*') ? Array.from({ length: stages }, (_, i) => pattern.replace('*', String(i))) : [pattern];
      if (read.ok) values.push(...paths.map((path): [string, Value] => [path, read.value]));
      else errors.push(...read.errors);
    }
  }
  return { values, origins: new Set(values.map(([path]) => path)), errors };
}

function merged(values: ValueMap, overrides: Overrides['values']): ValueMap {
  const copy = structuredClone(values) as Record<string, Value>;
  for (const [path, value] of overrides) {
    const parts = path.split('.'), last = parts.pop()!;
    let at = copy;
    for (const [i, part] of parts.entries()) {
      at[part] ??= parts[i + 1] === undefined || !/^\d+$/.test(parts[i + 1]!) ? {} : [];
      at = at[part] as Record<string, Value>;
    }
    at[last] = value;
  }
  return copy;
}
