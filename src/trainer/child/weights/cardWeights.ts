import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Card, WeightsFile } from '../../../backbones/card.ts';
import type { Network } from '../../../backbones/op.ts';
import type { TensorData, Weights } from '../../../backbones/tensorData.ts';
import { isWithin } from '../../../backbones/blocks.ts';
import { fitAllWeights, fitWeights } from '../../../backbones/fitWeights.ts';
import { networkOf } from '../../../backbones/networkOf.ts';
import { fromSourceNames } from '../../../backbones/weightNames.ts';
import { decodeSafetensors } from '../../../backbones/safetensors.ts';
import { Refused } from '../../../protocol/diagnostic.ts';
import { repairOf } from '../../../backbones/backboneName.ts';
import { valueOf } from '../photos/dataset.ts';
import { withNewHead } from '../../../backbones/initialise.ts';

/** Everything a network starts from: the card's weights, checked by hash, under a new head drawn from `seed`. Files are of the whole backbone, and are checked as such. */
export async function pretrained(card: Card, network: Network, folder: string, seed: number): Promise<Weights> {
  const file = card.weights[0]!.file, source = await sourceWeights(card, folder), wanted = card.whole ? networkOf(card.whole) : network;
  const fitted = valueOf(fitAllWeights(wanted, withNewHead(wanted, source, seed), file));
  return card.whole ? valueOf(fitWeights(network, withNewHead(network, fitted, seed), file)) : fitted;
}

/** The card's files as they are, source head included (as `head`). folder: of bundled weights. */
export async function sourceWeights(card: Card, folder: string): Promise<Weights> {
  const tensors: [string, TensorData][] = [];
  for (const part of card.weights) tensors.push(...await readPart(card, part, folder));
  const used = tensors.filter(([name]) => !card.unusedNames?.some((unused) => isWithin(name, unused)));
  return fromSourceNames(new Map(used), card.sourceHead, card.sourceNames);
}

/** `head.weight` [classes, features] and `head.bias` [classes] of the source task: only the last features mean something to it. */
export async function sourceHeadOf(card: Card, folder: string): Promise<Weights> {
  if (card.whole) throw new Refused([{ code: 'no-source-head', severity: 'error', message: `the source task’s head of ${card.title} needs the features of its last block`, fix: 'write `features: last`' }]);
  const weights = await sourceWeights(card, folder), weight = weights.get('head.weight'), bias = weights.get('head.bias');
  if (weight?.shape.length === 2 && weight.shape[1] === card.features && bias) return new Map([['head.weight', weight], ['head.bias', bias]]);
  throw new Refused([{
    code: 'no-source-head', severity: 'error', message: `the weights of ${card.title} came without the head of their source task: learning without forgetting has nothing to hold on to`,
    fix: 'use `regularize: { delta: … }`, or weights with their classifier',
  }]);
}

async function readPart({ title, name }: Card, { file: path, sha256: expected }: WeightsFile, folder: string): Promise<Weights> {
  const file = resolve(folder, path), fix = repairOf(name);
  const data = await readFile(file).catch(() => undefined);
  if (!data) throw new Refused([{ code: 'weights-missing', severity: 'error', message: `the weights of ${title} are missing`, where: { file }, fix }]);
  const sha256 = createHash('sha256').update(data).digest('hex');
  if (sha256 !== expected) {
    throw new Refused([{ code: 'bad-weights', severity: 'error', message: `the weights of ${title} are damaged: their sha256 is ${sha256.slice(0, 12)}…, not ${expected.slice(0, 12)}…`, where: { file }, fix }]);
  }
  return valueOf(decodeSafetensors(data, file));
}
