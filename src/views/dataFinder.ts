import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { Owner } from '../base/owner.ts';

/** A person who makes the folder that was missing sees its remark go at one of the next keys. */
const freshMs = 5000;

/** Whether data is where experiments say. Looked for beside the reading of a text, which never waits: what is found out is told. */
export class DataFinder extends Owner {
  readonly #onDidChange = this.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.#onDidChange.event;
  readonly #found = new Map<string, { readonly atMs: number; readonly beside: readonly string[] | undefined }>();

  /** Names beside the place of a file or folder that is missing; undefined: it is there, or that is not known yet. */
  besideMissing(path: string): readonly string[] | undefined {
    const found = this.#found.get(path), nowMs = performance.now();
    if (found && nowMs - found.atMs < freshMs) return found.beside;
    this.#found.set(path, { atMs: nowMs, beside: found?.beside });
    void this.#look(path);
    return found?.beside;
  }

  async #look(path: string): Promise<void> {
    const before = this.#found.get(path)?.beside?.join('\n'), beside = await namesBesideMissing(vscode.Uri.file(path));
    this.#found.set(path, { atMs: performance.now(), beside });
    if (beside?.join('\n') !== before) this.#onDidChange.fire();
  }
}

async function namesBesideMissing(uri: vscode.Uri): Promise<readonly string[] | undefined> {
  const { fs } = vscode.workspace;
  try {
    await fs.stat(uri);
    return undefined;
  } catch {
    return fs.readDirectory(uri.with({ path: dirname(uri.path) })).then((entries) => entries.map(([name]) => name).filter((name) => name !== basename(uri.path)), () => []);
  }
}
