import { createHash } from 'node:crypto';
import type { Card } from '../../../backbones/card.ts';
import type { Diagnostic } from '../../../protocol/diagnostic.ts';
import { cardOf } from '../../../backbones/cards.ts';
import { cardOfFolder, cardOfModel, hashed } from '../../hub/knownBackbones.ts';
import { fetchModel, type FetchOptions } from '../../hub/fetchModel.ts';
import { findBundled } from '../../../backbones/backbones.ts';
import { findModel, removeModels, type CachedModel } from '../../hub/modelCache.ts';
import { hubText, parseBackboneName, type HubName } from '../../../backbones/backboneName.ts';
import { nowAt } from '../../../base/clock.ts';
import { pretrained } from './cardWeights.ts';
import { Refused } from '../../../protocol/diagnostic.ts';
import { valueOf } from '../photos/dataset.ts';

/** A card whose weights are on this machine, and what there is to say about them. */
export interface Obtained {
  readonly card: Card;
  readonly remarks: readonly Diagnostic[];
}

/** The card of a backbone, by its name in a plan; fetched when the cache lacks it. No network is used when it does not. */
export async function obtainCard(written: string, options: FetchOptions): Promise<Obtained> {
  const atHand = await cardAtHand(written, options.cache);
  if (atHand) return atHand;
  const name = valueOf(parseBackboneName(written));
  if (name.kind !== 'hub') return { card: valueOf(findBundled(written, [])) as Card, remarks: [] }; // refuses: a bundled one would have been at hand
  return { card: await fetchCard(name, options), remarks: [] };
}

/** Fetches a backbone, and looks whether its tensors are those that its config promises: what does not fit is not kept. */
export async function fetchCard(name: HubName, options: FetchOptions): Promise<Card> {
  const { cache } = options, model = await fetchModel(name, options), card = valueOf(cardOfModel(cache, model));
  try {
    await pretrained(card, card.network(2), '', 0);
    return card;
  } catch (error) {
    if (error instanceof Refused) removeModels(cache, [model]);
    throw error;
  }
}

/** The same without a network: undefined when it would have to be fetched. */
export async function cardAtHand(written: string, cache: string): Promise<Obtained | undefined> {
  const name = valueOf(parseBackboneName(written));
  switch (name.kind) {
    case 'bundled': {
      const card = cardOf(name.name);
      return card && { card, remarks: [] };
    }
    case 'folder': return { card: await hashed(valueOf(cardOfFolder(name.folder))), remarks: [] };
    case 'hub': {
      const model = findModel(cache, name);
      return model && { card: valueOf(cardOfModel(cache, model)), remarks: ageOf(model, name) };
    }
  }
}

/** A branch moves on; what was fetched of it does not. */
function ageOf(model: CachedModel, name: HubName): readonly Diagnostic[] {
  const askedAt = model.revisions[name.revision];
  if (askedAt === undefined) return []; // named by its commit
  const days = Math.floor((Date.parse(nowAt()) - Date.parse(askedAt)) / 86_400_000), written = hubText(name);
  return [{
    code: 'backbone-aged', severity: days < oldDays ? 'information' : 'warning',
    message: `${written} is used as it was ${days < 1 ? 'today' : days === 1 ? 'yesterday' : `${days} days ago`} (commit ${model.commit.slice(0, 7)}), without asking the hub`,
    fix: `a newer one, if there is one: thaw models add ${written}`,
  }];
}

const oldDays = 30;

/** What the frozen layers of a run rest on: its manifest keeps it. */
export function weightsHash({ weights: [first, ...more] }: Card): string {
  if (more.length === 0) return first!.sha256;
  return createHash('sha256').update([first!, ...more].map(({ sha256 }) => sha256).join('\n')).digest('hex');
}

