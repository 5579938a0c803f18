import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bundledBackbones, findBundled, findUnfetched, type Backbones } from '../../backbones/backbones.ts';
import { hubText, parseBackboneName, type HubName } from '../../backbones/backboneName.ts';
import type { Card, WeightsFile } from '../../backbones/card.ts';
import { cardOfConfig } from '../../backbones/configCard.ts';
import { codeOf } from '../../runs/systemError.ts';
import type { Checked, DiagnosticCode } from '../../protocol/diagnostic.ts';
import { hashesOf } from './hashes.ts';
import { configFile, indexFile, joinedConfig, jsonOf, partsOf, preprocessorFile, singleFile } from './weightsFiles.ts';
import { blobPath, findModel, listModels, nameOfModel, type CachedModel } from './modelCache.ts';

/** All that can be known without a network: what is bundled, what was fetched, what lies in folders. */
export function knownBackbones(cache: string): Backbones {
  const names = (): readonly string[] => [...bundledBackbones.names(), ...listModels(cache).map(nameOfModel)];
  return {
    names,
    find: (written) => {
      const name = parseBackboneName(written);
      if (!name.ok) return name;
      switch (name.value.kind) {
        case 'bundled': return findBundled(written, names());
        case 'folder': return cardOfFolder(name.value.folder);
        case 'hub': return fetchedCard(cache, name.value) ?? findUnfetched(name.value);
      }
    },
  };
}

/** Undefined: it is not in the cache. */
export function fetchedCard(cache: string, name: HubName): Checked<Card> | undefined {
  const model = findModel(cache, name);
  return model && cardOfModel(cache, model);
}

/** Named by its commit: what a run used is found again, wherever its branch has gone. */
export function cardOfModel(cache: string, { repo, commit, licence, config, weights }: CachedModel): Checked<Card> {
  return cardOfConfig(config, {
    name: hubText({ repo, revision: commit }), source: `${repo}, commit ${commit.slice(0, 7)}`, licence,
    weights: weights.map(({ blob, sha256, sizeBytes }) => ({ file: blobPath(cache, blob), sha256, sizeBytes })),
  });
}

/** Weights that lie in a folder, as a hub would hold them; not hashed yet (`hashed`). folder: absolute. */
export function cardOfFolder(folder: string): Checked<Card> {
  const refuse = (code: DiagnosticCode, message: string, fix: string): Checked<never> =>
    ({ ok: false, errors: [{ code, severity: 'error', message, fix, where: { file: folder } }], warnings: [] });
  try {
    const files = readdirSync(folder), textIn = (file: string): string => readFileSync(join(folder, file), 'utf8');
    if (!files.includes(configFile)) return refuse('backbone-unsupported', `there is no config.json in ${folder}: nothing says which architecture its weights are of`, 'put the one that came with the weights there');
    const parts = files.includes(singleFile) ? [singleFile] : files.includes(indexFile) ? partsOf(jsonOf(textIn(indexFile)), files) : undefined;
    if (!parts) return refuse('weights-missing', `there is no model.safetensors in ${folder}, nor all parts of one`, 'put it there, under that name');
    const config = joinedConfig(jsonOf(textIn(configFile)), files.includes(preprocessorFile) ? jsonOf(textIn(preprocessorFile)) : undefined);
    return cardOfConfig(config, { name: folder, source: folder, weights: parts.map((file) => ({ file: join(folder, file), sha256: '', sizeBytes: 0 })) });
  } catch (error) {
    switch (codeOf(error)) {
      case 'ENOENT': return refuse('no-folder', `there is no folder ${folder}`, 'check the path: it is relative to the experiment file');
      case 'ENOTDIR': return refuse('no-folder', `${folder} is not a folder`, 'name the folder that holds config.json and model.safetensors');
      case undefined: throw error;
      default: return refuse('permission-denied', `${folder} cannot be read (${codeOf(error)!})`, 'check its permissions');
    }
  }
}

/** The card with the hashes of its files as they are now. */
export async function hashed(card: Card): Promise<Card> {
  const weights: WeightsFile[] = [];
  for (const { file } of card.weights) weights.push({ file, ...await hashesOf(file) });
  return { ...card, weights };
}
