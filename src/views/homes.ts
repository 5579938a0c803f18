import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { userDataFolder } from '../base/environment.ts';
import type { Checked } from '../protocol/diagnostic.ts';
import { findNode, type NodeChoice } from '../trainer/host/findNode.ts';
import { TrainerHost } from '../trainer/host/trainerHost.ts';
import type { HubAccess } from './hubAccess.ts';

/** One TrainerHost per home: the workspace folder of an experiment, or the experiment's own folder when it is in none. */
export class Homes {
  readonly #dist: string;
  readonly #hub: HubAccess;
  readonly #hosts = new Map<string, TrainerHost>();
  /** Homes of experiments that were run though they lie outside the workspace. */
  readonly #visited = new Set<string>();

  constructor(extension: vscode.Uri, hub: HubAccess) {
    this.#hub = hub;
    this.#dist = join(extension.fsPath, 'dist');
  }

  /** Every home that runs are shown of. */
  all(): readonly TrainerHost[] {
    const folders = vscode.workspace.workspaceFolders ?? [];
    const homes = new Set([...folders.filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath), ...this.#visited]);
    return [...homes].map((home) => this.#hostAt(home));
  }

  hostOf(experiment: vscode.Uri): TrainerHost {
    const folder = vscode.workspace.getWorkspaceFolder(experiment);
    if (folder) return this.#hostAt(folder.uri.fsPath);
    const home = dirname(experiment.fsPath);
    this.#visited.add(home);
    return this.#hostAt(home);
  }

  /** For questions that concern no run: engines, estimates. */
  any(): TrainerHost {
    return this.all()[0] ?? this.#hostAt(this.#dist);
  }

  #hostAt(home: string): TrainerHost {
    const known = this.#hosts.get(home);
    if (known) return known;
    const host = new TrainerHost({
      home,
      userData: userDataFolder(),
      scripts: { keeper: join(this.#dist, 'keeper.mjs'), trainer: join(this.#dist, 'trainer.mjs') },
      node: () => this.#node(),
    });
    this.#hosts.set(home, host);
    return host;
  }

  /** With what its trainers need to know of the hub. */
  async #node(): Promise<Checked<NodeChoice>> {
    const found = await findNode({ ...configuredNode(), own: process.execPath, ownIsElectron: process.versions['electron'] !== undefined });
    return found.ok ? { ...found, value: { ...found.value, environment: { ...found.value.environment, ...await this.#hub.environment() } } } : found;
  }
}

function configuredNode(): { configured?: string } {
  const configured = vscode.workspace.getConfiguration('thaw').get<string>('node.path');
  return configured ? { configured } : {};
}
