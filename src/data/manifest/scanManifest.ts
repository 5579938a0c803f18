import { stat } from 'node:fs/promises';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { codePoints } from '../../base/order.ts';
import { suggest } from '../../base/suggest.ts';
import type { ColumnPlan, Plan } from '../../experiment/plan.ts';
import type { Checked, Diagnostic } from '../../protocol/diagnostic.ts';
import { smallClasses } from '../classSize.ts';
import { splitOfFolder } from '../folderNames.ts';
import { type FoundFile, type SampleId, type Scan, shownLabels, type Split } from '../sample.ts';
import type { ScanOptions } from '../scan.ts';
import { columnsIn, type Columns } from './columns.ts';
import { labelledBy } from './labels.ts';
import { rowsOf, type Row } from './rows.ts';
import { withStrata } from './strata.ts';

export interface ManifestOptions extends ScanOptions {
  readonly task: Plan['task'];
  readonly columns: ColumnPlan;
}

/** Rows whose images are looked for at once. */
const statsAtOnce = 64;
/** Bad rows that are named one by one. */
const namedRows = 1000;

/**
 * Reads a manifest, CSV or JSON Lines, without opening its images: a row each, its path relative to the manifest or
 * absolute. A row that cannot be used has a diagnostic at its line and costs only itself. Rejects when `signal` aborts.
 */
export async function scanManifest(file: string, options: ManifestOptions): Promise<Checked<Scan>> {
  const reader = new ManifestReader(resolve(file), options);
  const failed = await reader.read().catch((error: unknown) => {
    options.signal?.throwIfAborted();
    return unreadable(file, error as NodeJS.ErrnoException);
  });
  const { diagnostics } = reader;
  if (failed) return { ok: false, errors: [failed], warnings: diagnostics };
  const files = withStrata([...reader.files.values()].sort((a, b) => codePoints(a.id, b.id)));
  const error = unusable(file, files, diagnostics.length, options.task);
  if (error) return { ok: false, errors: [error], warnings: diagnostics };
  const small = files.some(({ givenSplit }) => givenSplit) ? [] : smallClasses(countsOf(files));
  return { ok: true, value: { folder: dirname(resolve(file)), layout: 'manifest', files, diagnostics: [...diagnostics, ...small] }, warnings: [] };
}

class ManifestReader {
  readonly files = new Map<string, FoundFile>();
  readonly diagnostics: Diagnostic[] = [];
  readonly #file: string;
  readonly #options: ManifestOptions;
  readonly #lineOf = new Map<string, number>();
  #columns: Columns | undefined;
  #bad = 0;

  constructor(file: string, options: ManifestOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** Why nothing of it can be used, if so. */
  async read(): Promise<Diagnostic | undefined> {
    const { signal, onProgress, columns, task } = this.#options;
    let pending: Row[] = [], seen = 0;
    for await (const row of rowsOf(this.#file, signal)) {
      signal?.throwIfAborted();
      if (++seen % 1000 === 0) onProgress?.(seen);
      if ('problem' in row) {
        this.#say(row.line, row.problem, row.fix);
        continue;
      }
      if (!this.#columns) {
        const found = columnsIn([...row.cells.keys()], columns, task);
        if ('code' in found) return { ...found, where: this.#where(1) };
        this.#columns = found;
      }
      pending.push(row);
      if (pending.length >= statsAtOnce) {
        await this.#take(pending);
        pending = [];
      }
    }
    await this.#take(pending);
    onProgress?.(seen);
    if (this.#bad > namedRows) this.diagnostics.push({ code: 'manifest-row', severity: 'error', message: `… and ${this.#bad - namedRows} more rows that cannot be used`, where: { file: basename(this.#file) } });
    return undefined;
  }

  async #take(rows: readonly Row[]): Promise<void> {
    const sizes = await Promise.all(rows.map((row) => this.#sizeOf(row)));
    rows.forEach((row, i) => this.#add(row, sizes[i]!));
  }

  async #sizeOf({ cells }: Row): Promise<number | string> {
    const path = pathIn(cells.get(this.#columns!.image));
    if (path === undefined || path.includes('\ufffd')) return '';
    try {
      const facts = await stat(resolve(dirname(this.#file), path));
      return facts.isFile() ? facts.size : 'is a folder, not an image';
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' || code === 'ENOTDIR' ? 'is not there' : code === 'EACCES' ? 'cannot be looked at: permission denied' : `cannot be looked at: ${(error as Error).message}`;
    }
  }

  #add({ line, cells }: Row, size: number | string): void {
    const { image, label, split } = this.#columns!;
    const path = pathIn(cells.get(image));
    if (path === undefined) return this.#say(line, `no image is named in ${JSON.stringify(image)}`, 'write its path, or take the row out');
    if ([path, cells.get(label)].some((cell) => typeof cell === 'string' && cell.includes('\ufffd'))) return this.#say(line, 'the row is not UTF-8 text', 'save the file as UTF-8');
    if (typeof size === 'string') return this.#say(line, `${JSON.stringify(path)} ${size}`, size.startsWith('is') ? 'paths are relative to the manifest, or absolute' : undefined);
    const labelled = labelledBy(cells.get(label), this.#options.task);
    if ('problem' in labelled) return this.#say(line, labelled.problem, labelled.fix);
    const given = split === undefined ? undefined : splitIn(cells.get(split));
    if (typeof given === 'object') return this.#say(line, given.problem, given.fix);
    const id = idOf(dirname(this.#file), path), before = this.#lineOf.get(id);
    if (before !== undefined) return this.#say(line, `${JSON.stringify(path)} stands in line ${before} too`, this.#options.task === 'image-multi-label' ? 'write all its labels in one row, separated by |' : 'keep one of the rows');
    this.#lineOf.set(id, line);
    this.files.set(id, { id: id as SampleId, ...labelled, sizeBytes: size, ...(given && { givenSplit: given }) });
  }

  #say(line: number, message: string, fix?: string): void {
    if (this.#bad++ < namedRows) this.diagnostics.push({ code: 'manifest-row', severity: 'error', message, ...(fix !== undefined && { fix }), where: this.#where(line) });
  }

  #where(line: number): NonNullable<Diagnostic['where']> {
    return { file: basename(this.#file), range: { start: { line: line - 1, character: 0 }, end: { line, character: 0 } } };
  }
}

const pathIn = (cell: unknown): string | undefined => typeof cell === 'string' && cell.trim() !== '' ? cell.trim() : undefined;

/** Relative to the manifest's folder with `/`, wherever that leads: one name for one file. */
const idOf = (folder: string, path: string): string => relative(folder, resolve(folder, path)).split(sep).join('/');

/** Undefined for an empty cell: then the shares of the plan decide. */
function splitIn(cell: unknown): Split | undefined | { readonly problem: string; readonly fix: string } {
  if (cell === '' || cell === undefined || cell === null) return undefined;
  const known = typeof cell === 'string' ? splitOfFolder(cell) : undefined;
  if (known) return known;
  const near = typeof cell === 'string' ? suggest(cell, ['train', 'validation', 'test']) : undefined;
  return { problem: `${JSON.stringify(cell)} is no split`, fix: near === undefined ? 'write train, validation or test, or leave it empty' : `did you mean "${near}"?` };
}

function countsOf(files: readonly FoundFile[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const file of files) for (const label of shownLabels(file)) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

function unusable(file: string, files: readonly FoundFile[], bad: number, task: Plan['task']): Diagnostic | undefined {
  const error = (code: Diagnostic['code'], message: string, fix: string): Diagnostic => ({ code, severity: 'error', message, fix, where: { file } });
  if (files.length === 0) return bad > 0 ? error('all-files-bad', 'no row can be used', 'see what is said about each of them') : error('empty-folder', 'the manifest has no row', 'add a line for each image: image,label');
  const labels = [...countsOf(files).keys()];
  if (task === 'image-classification' && labels.length === 1) return error('one-class', `all rows have the label ${JSON.stringify(labels[0])}: there is nothing to tell apart`, 'add images with another label');
  if (task === 'image-regression' && new Set(files.map(({ target }) => target)).size === 1) return error('one-class', 'all rows have the same number: there is nothing to learn', 'is this the right column? name it in data.columns.label');
  return undefined;
}

function unreadable(file: string, { code, message }: NodeJS.ErrnoException): Diagnostic {
  const where = { file };
  if (code === 'ENOENT') return { code: 'no-manifest', severity: 'error', message: 'there is no such manifest', fix: 'check the path', where };
  if (code === 'EISDIR') return { code: 'no-manifest', severity: 'error', message: 'this is a folder', fix: 'write `folder:` instead of `manifest:`', where };
  return { code: 'no-manifest', severity: 'error', message: code === 'EACCES' ? 'the manifest cannot be read: permission denied' : `the manifest cannot be read: ${message}`, where };
}
