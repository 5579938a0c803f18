import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import type { Checked } from '../../protocol/diagnostic.ts';
import type { NodeChoice } from './findNode.ts';
import type { RunFolder } from '../../runs/runFolder.ts';
import { atomicWrite } from '../../runs/atomicWrite.ts';
import { concludeIfDead } from '../../runs/conclude.ts';
import { environmentWith } from '../../base/environment.ts';
import { formatJson } from '../../protocol/jsonText.ts';
import { nowAt } from '../../base/clock.ts';
import { unless } from '../../runs/systemError.ts';
import { readManifest } from '../../runs/manifest.ts';

/** The bundles of dist/. */
export interface Scripts {
  readonly keeper: string;
  readonly trainer: string;
}

/** Starts a trainer for `run`, through its keeper, detached from this process. Resolves once the keeper runs, or cannot. */
export function spawnTrainer(node: NodeChoice, scripts: Scripts, run: RunFolder): Promise<Checked<void>> {
  const stderr = openSync(run.stderr, 'a');
  const keeper = spawn(node.command, [scripts.keeper, run.path, scripts.trainer, 'run', run.path], {
    cwd: run.path, detached: true, env: environmentWith(node.environment), stdio: ['ignore', 'ignore', stderr], windowsHide: true,
  });
  closeSync(stderr);
  keeper.unref();
  keeper.once('exit', (code, signal) => concludeUnkept(run, code, signal));
  return new Promise((resolve) => {
    keeper.once('spawn', () => resolve({ ok: true, value: undefined, warnings: [] }));
    keeper.once('error', (error) => resolve({
      ok: false, warnings: [],
      errors: [{ code: 'node-missing', severity: 'error', message: `${node.command} cannot be started: ${error.message}`, fix: 'set thaw.node.path to a Node 20 or later' }],
    }));
  });
}

/** A keeper that could not even start (a damaged installation) left no exit.json: this process, its parent, knows. */
function concludeUnkept(run: RunFolder, code: number | null, signal: string | null): void {
  if (code === 0 || !existsSync(run.path) || existsSync(run.exit) || existsSync(run.lease)) return;
  unless(['ENOSPC'], () => atomicWrite(run.exit, formatJson({ at: nowAt(), oomKilled: false, ...(code !== null && { code }), ...(signal !== null && { signal }) })));
  const manifest = readManifest(run);
  if (manifest.ok) concludeIfDead(run, manifest.value);
}
