import { opendir, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import type { Dirent } from 'node:fs';
import { codePoints } from '../base/order.ts';
import type { Checked, Diagnostic, DiagnosticCode } from '../protocol/diagnostic.ts';
import { smallClasses } from './classSize.ts';
import { extensionOf, looksLikeImage } from './contentType.ts';
import { litterOf, sideFileExtensions, splitOfFolder } from './folderNames.ts';
import type { FoundFile, SampleId, Scan, Split } from './sample.ts';

export interface ScanOptions {
  readonly signal?: AbortSignal;
  /** Entries seen so far; called now and then. */
  readonly onProgress?: (entries: number) => void;
}

/**
 * Looks through a dataset folder without opening its files: a folder per class, or train / validation / test folders that
 * hold them. Images in folders below a class folder count as that class. Links are followed out of the folder, never
 * back into it, so that nothing is counted twice. Whatever is not used has a diagnostic, one per file or folder, that
 * names it by its id; folders are streamed, so that only what is kept takes memory. Rejects when `signal` aborts.
 */
export async function scanFolder(folder: string, { signal, onProgress }: ScanOptions = {}): Promise<Checked<Scan>> {
  const root = resolve(folder);
  const missing = await problemWithRoot(root);
  if (missing) return { ok: false, errors: [missing], warnings: [] };
  const scanner = new Scanner(root, await realpath(root), signal, onProgress);
  const layout = await scanner.run();
  const files = scanner.files.sort((a, b) => codePoints(a.id, b.id));
  const classes = new Map([...scanner.classes].map((label) => [label, 0]));
  for (const { label } of files) classes.set(label, (classes.get(label) ?? 0) + 1);
  const diagnostics = [...scanner.diagnostics, ...emptyClasses(classes), ...layout === 'classes' ? smallClasses(classes) : []]
    .sort((a, b) => codePoints(a.where?.file ?? '', b.where?.file ?? ''));
  const error = unusable(root, classes, scanner);
  return error ? { ok: false, errors: [error], warnings: diagnostics } : { ok: true, value: { folder: root, layout, files, diagnostics }, warnings: [] };
}

async function problemWithRoot(root: string): Promise<Diagnostic | undefined> {
  const error = (code: DiagnosticCode, message: string, fix: string): Diagnostic => ({ code, severity: 'error', message, fix, where: { file: root } });
  try {
    if (!(await stat(root)).isDirectory()) return error('not-a-folder', 'this is a file', 'choose the folder that holds one folder of images per class');
    await (await opendir(root)).close();
    return undefined;
  } catch (problem) {
    return (problem as NodeJS.ErrnoException).code === 'EACCES'
      ? error('permission-denied', 'the folder cannot be read: permission denied', 'allow yourself to read it')
      : error('no-folder', 'there is no such folder', 'check the path');
  }
}

const emptyClasses = (classes: ReadonlyMap<string, number>): Diagnostic[] => [...classes].filter(([, count]) => count === 0)
  .map(([label]) => ({ code: 'empty-class', severity: 'warning', message: `class ${JSON.stringify(label)} has no image: left out`, where: { file: label } }));

/** Why nothing can be learnt from this folder, if so. */
function unusable(root: string, classes: ReadonlyMap<string, number>, { looseImages, nestedFolders }: Scanner): Diagnostic | undefined {
  const error = (code: DiagnosticCode, message: string, fix: string): Diagnostic => ({ code, severity: 'error', message, fix, where: { file: root } });
  const filled = [...classes].filter(([, count]) => count > 0).map(([label]) => label);
  if (filled.length > 1) return undefined;
  const [only] = filled;
  if (only !== undefined) {
    return error('one-class', `all images are in one folder, ${JSON.stringify(only)}: there is nothing to tell apart`,
      nestedFolders > 1 ? `if the classes are the folders in it, choose ${JSON.stringify(join(root, only))}` : 'add a folder for each other class');
  }
  if (looseImages > 0) return error('no-class-folders', `${looseImages} images, but no folder per class`, 'move the images of each class into a folder named after the class');
  return error('empty-folder', classes.size > 0 ? `no image in its ${classes.size} folders` : 'the folder is empty', 'add a folder of images per class');
}

/** Where an entry was met. */
interface Place {
  /** Path on this machine, and from the dataset folder. */
  readonly path: string;
  readonly id: string;
}

/** A class folder, or a folder below one. */
interface ClassPlace extends Place {
  readonly label: string;
  readonly split?: Split;
}

/** File entries looked at together: their sizes are asked for in parallel. */
const statsAtOnce = 64;

class Scanner {
  readonly files: FoundFile[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly classes = new Set<string>();
  looseImages = 0;
  nestedFolders = 0;
  readonly #root: string;
  readonly #realRoot: string;
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: ((entries: number) => void) | undefined;
  #entries = 0;
  /** Looked at last, when everything that is really here has been counted. */
  readonly #links: ClassPlace[] = [];
  /** Real paths outside the folder that links led to. */
  readonly #followed: string[] = [];

  constructor(root: string, realRoot: string, signal: AbortSignal | undefined, onProgress: ((entries: number) => void) | undefined) {
    this.#root = root;
    this.#realRoot = realRoot;
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  async run(): Promise<Scan['layout']> {
    const folders = await this.#topFolders({ path: this.#root, id: '' });
    const layout = await layoutOf(folders);
    for (const folder of folders) {
      const split = layout === 'splits' ? splitOfFolder(folder.id) : undefined;
      if (layout === 'classes') await this.#classFolder(folder, folder.id);
      else if (split) for (const inner of await this.#topFolders(folder)) await this.#classFolder(inner, inner.id.slice(folder.id.length + 1), split);
      else this.#say('stray-file', 'information', folder.id, 'a folder beside train, validation and test: not used');
    }
    await this.#followLinks();
    this.#onProgress?.(this.#entries);
    return layout;
  }

  /** The folders directly in `place`, by name; what else lies there belongs to no class. */
  async #topFolders(place: Place): Promise<Place[]> {
    const folders: Place[] = [];
    for await (const [entry, here] of this.#entriesOf(place)) {
      if (entry.isDirectory()) folders.push(here);
      else if (entry.isSymbolicLink()) {
        const target = await this.#target(here);
        if (target?.isFolder && this.#leadsOut(target.real, here)) folders.push(here);
        else if (target && !target.isFolder) this.#noClass(here);
      } else this.#noClass(here);
    }
    return folders.sort((a, b) => codePoints(a.id, b.id));
  }

  #noClass({ id }: Place): void {
    if (!looksLikeImage(id) || extensionOf(id) === '') return this.#say('stray-file', 'information', id, 'a file beside the class folders: not used');
    this.looseImages++;
    this.#say('no-class', 'warning', id, 'an image in no class folder: not used', 'move it into the folder of its class');
  }

  async #classFolder(place: Place, label: string, split?: Split): Promise<void> {
    this.classes.add(label);
    await this.#walk({ ...place, label, ...(split && { split }) });
  }

  /** Returns how many images it found, those in folders below included. */
  async #walk(place: ClassPlace): Promise<number> {
    let pending: Promise<boolean>[] = [], count = 0;
    const settle = async (): Promise<void> => {
      count += (await Promise.all(pending)).filter((isImage) => isImage).length;
      pending = [];
    };
    for await (const [entry, here] of this.#entriesOf(place)) {
      const inside: ClassPlace = { ...place, ...here };
      if (entry.isDirectory()) count += await this.#nested(inside);
      else if (entry.isSymbolicLink()) this.#links.push(inside);
      else if (entry.isFile()) pending.push(this.#file(inside));
      else this.#say('stray-file', 'information', here.id, 'not a regular file: not used');
      if (pending.length >= statsAtOnce) await settle();
    }
    await settle();
    return count;
  }

  async #nested(place: ClassPlace): Promise<number> {
    this.nestedFolders++;
    const count = await this.#walk(place);
    if (count > 0) this.#say('nested-folder', 'warning', place.id, `a folder below a class folder: its ${count === 1 ? 'image counts' : `${count} images count`} as class ${JSON.stringify(place.label)}`);
    return count;
  }

  /** True when it may be an image. */
  async #file({ path, id, label, split }: ClassPlace): Promise<boolean> {
    if (!looksLikeImage(id)) {
      const extension = extensionOf(id);
      if (sideFileExtensions.has(extension)) this.#say('stray-file', 'information', id, 'not an image: not used');
      else this.#say('unsupported-extension', 'error', id, `".${extension}" is not the name of an image: left out`, 'rename it if it is one');
      return false;
    }
    try {
      const { size } = await stat(path);
      this.files.push({ id: id as SampleId, label, ...(split && { givenSplit: split }), sizeBytes: size });
      return true;
    } catch (error) {
      // Also names that are no valid UTF-8: they cannot be opened by the text that stands for them.
      this.#say('unreadable-file', 'error', id, `cannot be looked at: ${(error as Error).message}`, 'rename it or check the disk');
      return false;
    }
  }

  /** Everything visible in a folder; the hidden rest is reported here. */
  async *#entriesOf(place: Place): AsyncGenerator<readonly [Dirent, Place]> {
    let folder;
    try {
      folder = await opendir(place.path, { bufferSize: 256 });
    } catch (error) {
      const denied = (error as NodeJS.ErrnoException).code === 'EACCES';
      this.#say(denied ? 'permission-denied' : 'unreadable-file', 'error', place.id, `the folder cannot be read: ${denied ? 'permission denied' : (error as Error).message}`);
      return;
    }
    for await (const entry of folder) {
      this.#signal?.throwIfAborted();
      if (++this.#entries % 1000 === 0) this.#onProgress?.(this.#entries);
      const id = place.id === '' ? entry.name : `${place.id}/${entry.name}`;
      const litter = litterOf(entry.name);
      if (litter) this.#say('hidden-file', 'information', id, `${litter}: left out`);
      else yield [entry, { path: join(place.path, entry.name), id }];
    }
  }

  async #followLinks(): Promise<void> {
    const ids = new Set<string>(this.files.map(({ id }) => id));
    for (let link = this.#links.pop(); link; link = this.#links.pop()) {
      const target = await this.#target(link);
      if (!target) continue;
      if (target.isFolder) {
        if (this.#leadsOut(target.real, link)) await this.#nested(link);
        continue;
      }
      const same = relative(this.#realRoot, target.real).split(sep).join('/');
      if (ids.has(same)) this.#say('duplicate', 'warning', link.id, `a link to ${JSON.stringify(same)}: counted once`);
      else await this.#file(link);
    }
  }

  async #target({ path, id }: Place): Promise<{ readonly real: string; readonly isFolder: boolean } | undefined> {
    try {
      return { real: await realpath(path), isFolder: (await stat(path)).isDirectory() };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ELOOP') this.#say('symlink-loop', 'information', id, 'a link that leads to itself: not followed');
      else this.#say('broken-link', 'error', id, 'a link whose target is missing: left out', 'remove it or restore the file');
      return undefined;
    }
  }

  /** Whether a folder link leads to a place that is counted nowhere else. */
  #leadsOut(real: string, { id }: Place): boolean {
    const seen = [this.#realRoot, ...this.#followed].some((known) => isWithin(real, known) || isWithin(known, real));
    if (seen) this.#say('symlink-loop', 'information', id, 'a folder link back into what is counted already: not followed');
    else this.#followed.push(real);
    return !seen;
  }

  #say(code: DiagnosticCode, severity: Diagnostic['severity'], file: string, message: string, fix?: string): void {
    this.diagnostics.push({ code, severity, message, ...(fix !== undefined && { fix }), where: { file } });
  }
}

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/**
 * Train, validation and test folders make the splits only if the train folder holds folders: a class may be called
 * "train" too. Other folders beside them speak against it, unless there are two of the names.
 */
async function layoutOf(folders: readonly Place[]): Promise<Scan['layout']> {
  const named = folders.filter(({ id }) => splitOfFolder(id));
  const train = named.find(({ id }) => splitOfFolder(id) === 'train');
  return train && (named.length > 1 || folders.length === 1) && await holdsFolders(train.path) ? 'splits' : 'classes';
}

async function holdsFolders(path: string): Promise<boolean> {
  try {
    for await (const entry of await opendir(path)) if (entry.isDirectory() && !litterOf(entry.name)) return true;
  } catch { /* unreadable: said when it is walked */ }
  return false;
}
