/** A hub, and a person's workspace that asks it. */
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { HubServer, lite0Name, lite0Repository } from './hubServer.ts';
import { quick, Workspace } from './product.ts';
import { repoRoot } from './root.ts';

export interface Setting {
  readonly hub: HubServer;
  readonly workspace: Workspace;
  readonly name: string;
}

/** A workspace with photos, an experiment `hub.thaw.yaml` on timm's Lite0, a cache of its own, and a hub that has it. */
export async function hubSetting(t: TestContext, backbone = `hf:${lite0Name}`): Promise<Setting> {
  const hub = await HubServer.start(t), workspace = new Workspace(t);
  hub.repositories.set(lite0Name, lite0Repository());
  Object.assign(workspace.variables, { HF_ENDPOINT: hub.endpoint, THAW_CACHE: workspace.path('cache') });
  keepEngineChoice(workspace.path('cache'));
  workspace.photos({ glass: 8, paper: 8 });
  workspace.write('hub.thaw.yaml', experiment(backbone));
  return { hub, workspace, name: backbone };
}

/** Which engine this machine has was found out by other tests. */
function keepEngineChoice(cache: string): void {
  const found = join(repoRoot, 'out', 'test-cache', 'engine-choice.json');
  if (existsSync(found)) cpSync(found, join(cache, 'engine-choice.json'));
}

export const experiment = (backbone: string): string => `thaw: 1\ndata: { folder: photos }\nbackbone: ${backbone}\n${quick}`;
