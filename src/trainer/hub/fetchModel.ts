/**
 * Fetches one revision of a repository into the cache: what it is first (a config of a network that can be built), then
 * its safetensors, each resumed where it was cut and checked against the hash that the hub announced. What the cache
 * holds already is not fetched again.
 */
import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { cardOfConfig } from '../../backbones/configCard.ts';
import { hubText, type HubName } from '../../backbones/backboneName.ts';
import { nowAt } from '../../base/clock.ts';
import { Refused } from '../../protocol/diagnostic.ts';
import { download } from '../download/download.ts';
import { hashesOf, type Hashes } from './hashes.ts';
import { authorizationOf, lookUpFile, readRevision, readSmallFile, type Hub, type RemoteFile } from './hub.ts';
import { hubFailed, noConfig, noSafetensors, tooLittleSpace, transferProblem } from './hubProblems.ts';
import { blobPath, modelsFolder, writeModel, type CachedModel, type CachedWeights } from './modelCache.ts';
import { configFile, indexFile, joinedConfig, jsonOf, partsOf, preprocessorFile, singleFile } from './weightsFiles.ts';

export interface FetchOptions {
  readonly cache: string;
  readonly hub: Hub;
  /** Cancelling rejects with its reason; what has come so far serves the next attempt. */
  readonly signal?: AbortSignal;
  readonly onBytes?: (doneBytes: number, totalBytes: number) => void;
}

/** Throws Refused with what is wrong, the signal's reason, or the system's error. */
export async function fetchModel(name: HubName, options: FetchOptions): Promise<CachedModel> {
  const { cache, hub, signal } = options;
  const { commit, files, licence } = await readRevision(hub, name, signal), pinned: HubName = { ...name, revision: commit };
  if (!files.includes(configFile)) throw new Refused([noConfig(name)]);
  const read = async (file: string): Promise<unknown> => files.includes(file) ? jsonOf(await readSmallFile(hub, pinned, file, signal)) : undefined;
  const config = joinedConfig(await read(configFile), await read(preprocessorFile));
  const card = cardOfConfig(config, { name: hubText(name), source: name.repo, licence, weights: [] });
  if (!card.ok) throw new Refused(card.errors);
  const remote: RemoteFile[] = [];
  for (const path of await weightsPaths(hub, name, pinned, files, signal)) remote.push(await lookUpFile(hub, pinned, path, signal));
  const weights = await fetchAll(name, remote, options), at = nowAt();
  return writeModel(cache, {
    format: 1, repo: name.repo, commit, fetchedAt: at, revisions: name.revision === commit ? {} : { [name.revision]: at }, ...(licence !== undefined && { licence }), config, weights,
  });
}

async function weightsPaths(hub: Hub, name: HubName, pinned: HubName, files: readonly string[], signal?: AbortSignal): Promise<readonly string[]> {
  if (files.includes(singleFile)) return [singleFile];
  if (!files.includes(indexFile)) throw new Refused([noSafetensors(name, files)]);
  const parts = partsOf(jsonOf(await readSmallFile(hub, pinned, indexFile, signal)), files);
  if (!parts) throw new Refused([hubFailed(hub, `has an index of the weights of ${name.repo} that does not fit its files`)]);
  return parts;
}

async function fetchAll(name: HubName, remote: readonly RemoteFile[], { cache, hub, signal, onBytes }: FetchOptions): Promise<readonly CachedWeights[]> {
  const totalBytes = remote.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), weights: CachedWeights[] = [];
  await mkdir(join(modelsFolder(cache), 'blobs'), { recursive: true });
  let beforeBytes = 0;
  for (const [i, { path, address, hex, sizeBytes }] of remote.entries()) {
    const file = blobPath(cache, hex);
    let sha256 = await hashesOf(file).then((found) => announcedBy(found, hex), () => undefined); // what lies there may be damaged
    if (sha256 === undefined) {
      await assertSpace(cache, remote.slice(i).reduce((sum, each) => sum + each.sizeBytes, 0));
      const verify = async (part: string): Promise<string | undefined> => {
        sha256 = announcedBy(await hashesOf(part), hex);
        return sha256 === undefined ? `what came for ${path} is not what the hub announced: its hash is not ${hex.slice(0, 12)}…` : undefined;
      };
      try {
        await download(address, file, {
          totalBytes: sizeBytes, verify, authorization: authorizationOf(hub), patience: hub.patience, signal,
          onBytes: (doneBytes) => onBytes?.(beforeBytes + doneBytes, totalBytes),
        });
      } catch (error) {
        throw transferProblem(hub, name, error);
      }
    }
    beforeBytes += sizeBytes;
    onBytes?.(beforeBytes, totalBytes);
    weights.push({ path, blob: hex, sha256: sha256!, sizeBytes });
  }
  return weights;
}

/** Room for what is still to come; what a former attempt has left is counted once more, to be sure. */
async function assertSpace(cache: string, neededBytes: number): Promise<void> {
  const folder = modelsFolder(cache), { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < neededBytes) throw new Refused([tooLittleSpace(neededBytes, bavail * bsize, folder)]);
}

/** The file's sha256 when its hash is the announced one, else undefined. */
const announcedBy = ({ sha256, git }: Hashes, hex: string): string | undefined => hex === sha256 || hex === git ? sha256 : undefined;
