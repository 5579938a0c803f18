import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Card } from '../../backbones/card.ts';
import type { Network } from '../../backbones/op.ts';
import type { Weights } from '../../backbones/tensorData.ts';
import { fitWeights } from '../../backbones/fitWeights.ts';
import { fromSourceNames } from '../../backbones/weightNames.ts';
import { decodeSafetensors } from '../../backbones/safetensors.ts';
import { Refused } from '../../protocol/diagnostic.ts';
import { valueOf } from './dataset.ts';
import { withNewHead } from '../../backbones/initialise.ts';

/** Everything a network starts from: the card's weights, checked by hash, under a new head drawn from `seed`. */
export async function pretrained(card: Card, network: Network, folder: string, seed: number): Promise<Weights> {
  return valueOf(fitWeights(network, withNewHead(network, await sourceWeights(card, folder), seed), card.weights.file));
}

/** The card's file as it is, source head included (as `head`). */
export async function sourceWeights(card: Card, folder: string): Promise<Weights> {
  const file = join(folder, card.weights.file);
  const data = await readFile(file).catch(() => undefined);
  if (!data) throw new Refused([{ code: 'weights-missing', severity: 'error', message: `the weights of ${card.title} are missing`, where: { file }, fix: 'reinstall Thaw' }]);
  const sha256 = createHash('sha256').update(data).digest('hex');
  if (sha256 !== card.weights.sha256) {
    throw new Refused([{ code: 'bad-weights', severity: 'error', message: `the weights of ${card.title} are damaged: their sha256 is ${sha256.slice(0, 12)}…, not ${card.weights.sha256.slice(0, 12)}…`, where: { file }, fix: 'reinstall Thaw' }]);
  }
  return fromSourceNames(valueOf(decodeSafetensors(data, file)), card.sourceHead, card.sourceNames);
}
