import { createHash } from 'node:crypto';
import type { Checked, Diagnostic } from '../../protocol/diagnostic.ts';
import type { DataFacts } from '../../protocol/runEvent.ts';
import type { CardInput } from '../../backbones/card.ts';
import type { SplitPlan } from '../../experiment/plan.ts';
import type { FactsCache } from '../../data/factsCache.ts';
import type { FileFacts, FoundFile, ManifestLine, Sample, SampleId, Scan, Split, View } from '../../data/sample.ts';
import { findDuplicates } from '../../data/duplicates.ts';
import { splitSamples, type Splits } from '../../data/split.ts';
import { prepared } from '../../data/prepare.ts';
import { codePoints } from '../../base/order.ts';
import { Refused } from '../../protocol/diagnostic.ts';

/** The folder as the run sees it: samples with labels and splits, and everything that was left out. */
export interface Dataset {
  readonly folder: string;
  /** Display order; the index is the label everywhere. */
  readonly classes: readonly string[];
  readonly samples: readonly Sample[];
  /** Class index of each sample. */
  readonly labels: Int32Array;
  /** Indices into `samples`. */
  readonly rows: Readonly<Record<Split, readonly number[]>>;
  readonly facts: DataFacts;
  readonly fingerprint: string;
  readonly manifest: readonly ManifestLine[];
  readonly diagnostics: readonly Diagnostic[];
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
  const split = splitSamples(duplicates.samples, options.split, options.earlier, scan.files);
  const diagnostics = [...scan.diagnostics, ...problems.values(), ...read.flatMap(({ facts }) => facts.notes), ...duplicates.diagnostics];
  if (!split.ok) throw new Refused([...split.errors, ...split.warnings, ...diagnostics]);
  return assembled(scan, duplicates.samples, split.value, new Map([...problems, ...duplicates.leftOut]), [...diagnostics, ...split.value.diagnostics]);
}

function assembled(
  scan: Scan, all: readonly Sample[], { splits, splitBy }: Splits, problems: ReadonlyMap<SampleId, Diagnostic>, diagnostics: readonly Diagnostic[],
): Dataset {
  const samples = all.filter(({ id }) => splits.has(id));
  const classes = [...new Set(samples.map(({ label }) => label))].sort(codePoints);
  const indexOf = new Map(classes.map((name, index) => [name, index]));
  const labels = Int32Array.from(samples, ({ label }) => indexOf.get(label)!);
  const rowsOf = (split: Split): number[] => samples.flatMap(({ id }, row) => splits.get(id) === split ? [row] : []);
  const rows = { train: rowsOf('train'), validation: rowsOf('validation'), test: rowsOf('test') };
  const perClass = (split: Split): number[] => classes.map((_, label) => rows[split].filter((row) => labels[row] === label).length);
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
    folder: scan.folder, classes, samples, labels, rows, manifest, diagnostics,
    fingerprint: fingerprintOf(samples, splits),
    facts: {
      classes, train: perClass('train'), validation: perClass('validation'), test: perClass('test'), splitBy,
      leftOut: counted([
        ...scan.diagnostics.filter(({ severity, code }) => severity === 'error' || leftOutByScan.has(code)), ...problems.values(),
        ...all.filter(({ id }) => !splits.has(id)).map(() => ({ code: 'class-not-in-training' } as const)),
      ]),
      converted: counted(diagnostics.filter(({ code }) => code === 'converted')),
      duplicateGroups: new Set(samples.flatMap(({ duplicateGroup }) => duplicateGroup ?? [])).size,
    },
  };
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
