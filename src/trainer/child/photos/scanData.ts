import type { Plan } from '../../../experiment/plan.ts';
import type { Checked } from '../../../protocol/diagnostic.ts';
import type { Scan } from '../../../data/sample.ts';
import { chosenFiles } from '../../../data/chosenFiles.ts';
import { scanFolder, type ScanOptions } from '../../../data/scan.ts';
import { isManifestName } from '../../../experiment/manifestName.ts';
import { scanManifest } from '../../../data/manifest/scanManifest.ts';
import { shownLabels } from '../../../data/sample.ts';
import { valueOf } from './dataset.ts';

/** The files that a run uses. Throws Refused. */
export async function scanData({ data, task }: Pick<Plan, 'data' | 'task'>, options: ScanOptions): Promise<Scan> {
  const scan = valueOf(await (data.manifest === undefined ? scanFolder(data.folder, options) : scanManifest(data.manifest, { ...options, task, columns: data.columns })));
  const { files, words } = chosenFiles(scan.files, data);
  return { ...scan, files, ...(words !== undefined && { subset: words }) };
}

/** A folder, or a manifest whose columns are called as usual, looked through; its task is guessed from what its labels are. */
export async function scanPlace(path: string, options: ScanOptions = {}): Promise<{ readonly scan: Checked<Scan>; readonly task: Plan['task'] }> {
  if (!isManifestName(path)) return { scan: await scanFolder(path, options), task: 'image-classification' };
  const as = async (task: Plan['task']) => ({ scan: await scanManifest(path, { ...options, task, columns: { image: 'auto', label: 'auto', split: 'auto' } }), task });
  const several = await as('image-multi-label'), all = several.scan.ok ? several.scan.value.files.map(({ labels }) => labels!) : [];
  if (all.some(({ length }) => length !== 1)) return several;
  const isNumbers = new Set(all.flat()).size >= fewestNumbers && all.flat().every((label) => Number.isFinite(Number(label)));
  return as(isNumbers ? 'image-regression' : 'image-classification');
}

/** With fewer different numbers they are more likely names of classes. */
const fewestNumbers = 20;

/** Outputs of a head that learns all of it: classes or labels that were seen, or one number. */
export const outputsOf = ({ files }: Pick<Scan, 'files'>): number => Math.max(1, new Set(files.flatMap(shownLabels)).size);
