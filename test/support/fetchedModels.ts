/** Backbones that were fetched, without a hub: put into the cache as a fetch leaves them there. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { architectureOf } from '../../src/backbones/architectures.ts';
import { randomWeights } from '../../src/backbones/initialise.ts';
import { toSourceNames } from '../../src/backbones/weightNames.ts';
import { mainRevision } from '../../src/backbones/backboneName.ts';
import { blobPath, modelsFolder, writeModel } from '../../src/trainer/hub/modelCache.ts';
import { asSafetensors, lite0Config, lite0Repository } from './hubServer.ts';

export function putModel(cache: string, repo: string, config: unknown, weights: Uint8Array): void {
  const sha256 = createHash('sha256').update(weights).digest('hex'), at = '2026-05-01T12:00:00.000Z';
  mkdirSync(join(modelsFolder(cache), 'blobs'), { recursive: true });
  writeFileSync(blobPath(cache, sha256), weights);
  writeModel(cache, {
    format: 1, repo, commit: createHash('sha1').update(repo).digest('hex'), fetchedAt: at, revisions: { [mainRevision]: at }, licence: 'mit', config,
    weights: [{ path: 'model.safetensors', blob: sha256, sha256, sizeBytes: weights.length }],
  });
}

/** The bundled weights with a wider crop: another backbone, hardly a better or worse one. */
export const putWideLite0 = (cache: string): void =>
  putModel(cache, 'test/lite0-wide', { ...lite0Config, pretrained_cfg: { ...lite0Config.pretrained_cfg, tag: 'wide', crop_pct: 0.95 } }, lite0Repository().files['model.safetensors']!);

/** An architecture that knows nothing. */
export function putRandom(cache: string, architecture: string, classes = 5): void {
  const known = architectureOf(architecture);
  assert.ok(known, architecture);
  const weights = toSourceNames(randomWeights(known.network(classes), 3), known.sourceHead, known.sourceNames);
  putModel(cache, `test/${architecture}`, { architecture, num_classes: classes, pretrained_cfg: { tag: 'random', num_classes: classes } }, asSafetensors(weights));
}
