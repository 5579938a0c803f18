import * as vscode from 'vscode';
import type { Backbones } from '../backbones/backbones.ts';
import type { Disposable } from '../base/owner.ts';
import { Owner } from '../base/owner.ts';
import { knownBackbones } from '../trainer/hub/knownBackbones.ts';
import { modelsFolder } from '../trainer/hub/modelCache.ts';
import { tryWatch } from '../trainer/host/follow.ts';
import { backboneRows, type BackboneRow } from './backboneRows.ts';

/** The backbones of this machine: tells when one was fetched or removed, from here, a terminal or by a run. */
export class BackboneModel extends Owner implements Backbones {
  readonly #onDidChange = this.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.#onDidChange.event;
  readonly #cache: string;
  readonly #known: Backbones;
  #watcher: Disposable | undefined;

  constructor(cache: string) {
    super();
    this.#cache = cache;
    this.#known = knownBackbones(cache);
  }

  names(): readonly string[] {
    this.#watch();
    return this.#known.names();
  }

  find(name: string): ReturnType<Backbones['find']> {
    this.#watch();
    return this.#known.find(name);
  }

  rows(): readonly BackboneRow[] {
    this.#watch();
    return backboneRows(this.#cache);
  }

  /** For where the system does not tell: a command that changed something says so itself. */
  changed(): void {
    this.#watch();
    this.#onDidChange.fire();
  }

  /** From the first question on: before, nobody has seen anything that could change. The folder comes with the first fetch. */
  #watch(): void {
    if (this.#watcher) return;
    const watcher = tryWatch(modelsFolder(this.#cache), () => this.#onDidChange.fire());
    if (watcher) this.#watcher = this.own({ dispose: () => watcher.close() });
  }
}
