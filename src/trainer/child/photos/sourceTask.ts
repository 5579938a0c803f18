import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Card } from '../../../backbones/card.ts';
import { sourceClassOf } from '../../../backbones/sourceLabels.ts';
import { suggest } from '../../../base/suggest.ts';
import { sampleFiles } from '../../../data/sampleFiles.ts';
import type { FoundFile } from '../../../data/sample.ts';
import type { Plan } from '../../../experiment/plan.ts';
import { list, fields, parsed, text } from '../../../protocol/shape.ts';
import { Refused, type Diagnostic } from '../../../protocol/diagnostic.ts';
import { valueOf } from './dataset.ts';
import { scanPlace } from './scanData.ts';

/** Photos of the task that the backbone came from, with what its own head should say of each. */
export interface SourceTask {
  /** The folder or manifest as people call it. */
  readonly name: string;
  readonly folder: string;
  readonly files: readonly FoundFile[];
  /** Name of a file's class → the source head's output. */
  readonly classOf: ReadonlyMap<string, number>;
  /** What is left out, and why. */
  readonly remarks: readonly Diagnostic[];
}

/** Photos that forgetting is measured on: beyond, intervals narrow slowly. */
const mostPhotos = 1000;

/** The photos of `sourceData`, before anything is trained: throws Refused when none of their classes is the source head's. Undefined: the plan names none. */
export async function openSourceTask({ sourceData }: Pick<Plan, 'sourceData'>, card: Card, backbones: string): Promise<SourceTask | undefined> {
  if (sourceData === 'none') return undefined;
  const { scan, task } = await scanPlace(sourceData), { folder, files } = valueOf(scan), named = `${basename(dirname(sourceData))}/${basename(sourceData)}`, where = { file: sourceData };
  const refused = (message: string, fix: string): Refused => new Refused([{ code: 'source-classes', severity: 'error', message, fix, where }]);
  if (task !== 'image-classification' && files.some(({ labels }) => labels!.length !== 1)) throw refused('`sourceData` has no one class per photo', 'name a folder of classes, or a manifest with one label in each row');
  const labels = await labelsOf(card, backbones);
  if (!labels) throw refused(`what the classes of ${card.title}’s source task are called did not come with its weights: photos of it cannot be matched`, 'take `sourceData` out of the experiment file');
  const classNamed = ({ label, labels: several }: FoundFile): string => several?.[0] ?? label;
  const names = [...new Set(files.map(classNamed))].sort(), found = names.map((name) => ({ name, of: sourceClassOf(name, labels) }));
  const classOf = new Map(found.flatMap(({ name, of }) => typeof of === 'number' ? [[name, of]] : []));
  const strange = found.flatMap(({ name, of }) => {
    if (typeof of === 'number') return [];
    const near = suggest(name.toLowerCase(), labels.flatMap((label) => label.split(',').map((synonym) => synonym.trim())));
    return `${JSON.stringify(name)}${of === 'several' ? ' (several are called so)' : near === undefined ? '' : ` (did you mean ${JSON.stringify(near)}?)`}`;
  });
  const fix = `call the folders as the source task calls its classes, such as ${JSON.stringify(labels[0]!.split(',')[0])}`;
  if (classOf.size === 0) throw refused(`none of the ${names.length} classes of ${named} is one of the ${labels.length} that ${card.title} learnt: ${some(strange)}`, fix);
  const usable = files.map((file) => ({ ...file, label: classNamed(file) })).filter(({ label }) => classOf.has(label)), chosen = sampleFiles(usable.map(({ givenSplit: _, ...file }) => file), mostPhotos, 0);
  return {
    name: named, folder, files: chosen, classOf,
    remarks: strange.length === 0 ? [] : [{ code: 'source-classes', severity: 'warning', message: `${strange.length} of the ${names.length} classes of ${named} are none that ${card.title} learnt, and are left out: ${some(strange)}`, fix, where }],
  };
}

const some = (names: readonly string[]): string => `${names.slice(0, 5).join(', ')}${names.length > 5 ? `, and ${names.length - 5} more` : ''}`;

/** What the source head's outputs are called; synonyms, and ImageNet's own numbers, separated by commas. */
async function labelsOf({ labels, labelsFile }: Card, backbones: string): Promise<readonly string[] | undefined> {
  if (labels || labelsFile === undefined) return labels;
  const entries = parsed(list(fields<{ synset: string; name: string }>({ synset: text, name: text })), JSON.parse(await readFile(resolve(backbones, labelsFile), 'utf8')));
  return entries.ok ? entries.value.map(({ synset, name }) => `${name}, ${synset}`) : undefined;
}
