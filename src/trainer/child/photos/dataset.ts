import { createHash } from 'node:crypto';
import type { Checked, Diagnostic } from '../../../protocol/diagnostic.ts';
import type { DataFacts } from '../../../protocol/runEvent.ts';
import type { CardInput } from '../../../backbones/card.ts';
import type { SplitPlan } from '../../../experiment/plan.ts';
import type { FactsCache } from '../../../data/factsCache.ts';
import { type FileFacts, type FoundFile, type ManifestLine, type Sample, type SampleId, type Scan, shownLabels, type Split, type View } from '../../../data/sample.ts';
import { findDuplicates } from '../../../data/duplicates.ts';
import { splitSamples, type Splits } from '../../../data/split.ts';
import { prepared } from '../../../data/prepare.ts';
import { codePoints } from '../../../base/order.ts';
import { Refused } from '../../../protocol/diagnostic.ts';

/** The folder as the run sees it: samples with labels and splits, and everything that was left out. */
export interface Dataset {
  readonly folder: string;
  /** Display order; the index is the label everywhere. */
  readonly classes: readonly string[];
  readonly samples: readonly Sample[];
  /** Of each sample the index of its class; of its set of labels, where it has several; 0 where numbers are learnt. */
  readonly labels: Int32Array;
  /** What the network shall say of each sample, where that is not one class. */
  readonly targets?: Targets;
  /** Indices into `samples`. */
  readonly rows: Readonly<Record<Split, readonly number[]>>;
  readonly facts: DataFacts;
  readonly fingerprint: string;
  readonly manifest: readonly ManifestLine[];
  readonly diagnostics: readonly Diagnostic[];
}

/** float32 [samples, outputs]: 0 or 1 for each label, or the number, standardised by the training split. */
export interface Targets {
  readonly task: 'image-multi-label' | 'image-regression';
  readonly values: Float32Array;
  readonly mean?: number;
  readonly std?: number;
}

/** What wants to see each image while it is decoded anyway. */
export interface ViewConsumer {
  readonly views: readonly View[];
  /** Whether this content has still to be decoded for it. */
  wants(sha256: string): boolean;
  take(sha256: string, views: ReadonlyMap<View, Uint8Array>): Promise<void>;
  finish(): Promise<void>;
}

/** For whom nothing has to be computed while reading: a plan that trains from the first layer on, a look at what is there. */
export const nobody: ViewConsumer = { views: [], wants: () => false, take: () => Promise.resolve(), finish: () => Promise.resolve() };

export interface ReadOptions {
  readonly input: CardInput;
  readonly split: SplitPlan;
  readonly consumer: ViewConsumer;
  /** Facts of contents met before: such a file is hashed, not decoded. */
  readonly known: Pick<FactsCache, 'get' | 'add'>;
  /** Where earlier runs put these samples: they stay there. */
  readonly earlier?: ReadonlyMap<SampleId, Split>;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
  /** The bundled worker that decodes. */
  readonly worker?: URL;
}

/** Opens every file of `scan` once: facts, problems, duplicates, splits, and the consumer's share on the way. */
export async function readDataset(scan: Scan, options: ReadOptions): Promise<Dataset> {
  const { consumer, known, signal, worker } = options;
  const read: (FoundFile & { readonly facts: FileFacts })[] = [], problems = new Map<SampleId, Diagnostic>();
  const reader = prepared(scan, options.input, consumer.views, {
    signal, ...(worker && { worker }),
    known: (sha256) => consumer.wants(sha256) ? undefined : known.get(sha256),
  });
  for await (const item of reader) {
    if ('problem' in item) problems.set(item.file.id, item.problem);
    else {
      known.add(item.facts);
      read.push({ ...item.file, facts: item.facts });
      if (item.views) await consumer.take(item.facts.sha256, item.views);
    }
    options.onProgress(read.length + problems.size);
  }
  await consumer.finish();
  const duplicates = findDuplicates(read);
  const split = splitSamples(duplicates.samples, options.split, options.earlier, scan.files, scan.layout === 'manifest' ? 'manifest' : 'folder');
  const diagnostics = [...scan.diagnostics, ...problems.values(), ...read.flatMap(({ facts }) => facts.notes), ...duplicates.diagnostics];
  if (!split.ok) throw new Refused([...split.errors, ...split.warnings, ...diagnostics]);
  return assembled(scan, duplicates.samples, split.value, new Map([...problems, ...duplicates.leftOut]), [...diagnostics, ...split.value.diagnostics]);
}

function assembled(
  scan: Scan, all: readonly Sample[], { splits, splitBy }: Splits, problems: ReadonlyMap<SampleId, Diagnostic>, diagnostics: readonly Diagnostic[],
): Dataset {
  const samples = all.filter(({ id }) => splits.has(id));
  const answers = [...new Set(samples.map(({ label }) => label))].sort(codePoints);
  const indexOf = new Map(answers.map((name, index) => [name, index]));
  const isNumber = samples[0]?.target !== undefined;
  const labels = Int32Array.from(samples, ({ label }) => isNumber ? 0 : indexOf.get(label)!);
  const rowsOf = (split: Split): number[] => samples.flatMap(({ id }, row) => splits.get(id) === split ? [row] : []);
  const rows = { train: rowsOf('train'), validation: rowsOf('validation'), test: rowsOf('test') };
  const classes = isNumber ? ['number'] : samples[0]?.labels ? [...new Set(rows.train.flatMap((row) => samples[row]!.labels!))].sort(codePoints) : answers;
  const targets = isNumber ? numberTargets(samples, rows.train) : samples[0]?.labels ? labelTargets(samples, classes) : undefined;
  const perClass = (split: Split): number[] => {
    const counts = new Map<string, number>();
    for (const row of rows[split]) for (const label of isNumber ? classes : shownLabels(samples[row]!)) counts.set(label, (counts.get(label) ?? 0) + 1);
    return classes.map((label) => counts.get(label) ?? 0);
  };
  const manifest = [
    ...all.map((sample): ManifestLine => ({
      path: sample.id, label: sample.label, sizeBytes: sample.sizeBytes, sha256: sample.facts.sha256,
      ...(splits.has(sample.id) && { split: splits.get(sample.id)! }),
      ...(sample.facts.hashes[0] !== undefined && { hash: sample.facts.hashes[0] }),
      ...(sample.duplicateGroup !== undefined && { duplicateGroup: sample.duplicateGroup }),
    })),
    ...scan.files.filter(({ id }) => problems.has(id)).map(({ id, label, sizeBytes }): ManifestLine => ({ path: id, label, sizeBytes, problem: problems.get(id)!.code })),
  ];
  return {
    folder: scan.folder, classes, samples, labels, rows, manifest, diagnostics, ...(targets && { targets }),
    fingerprint: fingerprintOf(samples, splits),
    facts: {
      classes, train: perClass('train'), validation: perClass('validation'), test: perClass('test'), splitBy,
      ...(targets && { task: targets.task, photos: { train: rows.train.length, validation: rows.validation.length, test: rows.test.length } }),
      ...(scan.subset !== undefined && { subset: scan.subset }),
      ...(targets?.mean !== undefined && { scale: { mean: targets.mean, std: targets.std! } }),
      leftOut: counted([
        ...scan.diagnostics.filter(({ severity, code }) => severity === 'error' || leftOutByScan.has(code)), ...problems.values(),
        ...all.filter(({ id }) => !splits.has(id)).map(() => ({ code: 'class-not-in-training' } as const)),
      ]),
      converted: counted(diagnostics.filter(({ code }) => code === 'converted')),
      duplicateGroups: new Set(samples.flatMap(({ duplicateGroup }) => duplicateGroup ?? [])).size,
    },
  };
}

/** A label that no image trains is in no column: nothing could be learnt of it. */
function labelTargets(samples: readonly Sample[], classes: readonly string[]): Targets {
  return { task: 'image-multi-label', values: Float32Array.from(samples.flatMap(({ labels }) => classes.map((name) => Number(labels!.includes(name))))) };
}

function numberTargets(samples: readonly Sample[], train: readonly number[]): Targets {
  const numbers = train.map((row) => samples[row]!.target!), mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const std = Math.sqrt(numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0) / numbers.length) || 1; // all alike: nothing to scale
  return { task: 'image-regression', values: Float32Array.from(samples, ({ target }) => (target! - mean) / std), mean, std };
}

/** Images that the scan only warns about, and does not use. */
const leftOutByScan = new Set<Diagnostic['code']>(['no-class', 'duplicate']);

function counted(diagnostics: readonly Pick<Diagnostic, 'code'>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code } of diagnostics) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

/** sha256 over contents, labels and splits in a fixed order: equal means trained and judged on the same items. */
function fingerprintOf(samples: readonly Sample[], splits: ReadonlyMap<SampleId, Split>): string {
  const lines = samples.map(({ id, label, facts }) => `${facts.sha256} ${splits.get(id)!} ${label}`).sort(codePoints);
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/** The value, or `Refused` with what is wrong. */
export function valueOf<T>(checked: Checked<T>): T {
  if (!checked.ok) throw new Refused([...checked.errors, ...checked.warnings]);
  return checked.value;
}
