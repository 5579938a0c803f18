import type { CauseFacts } from '../../../evidence/causes.ts';
import type { Network } from '../../../backbones/op.ts';
import type { RunState } from '../../../protocol/reduceRun.ts';
import type { Verdict } from '../../../protocol/verdict.ts';
import type { StoredOutcome } from './storedOutcome.ts';
import { comparePaired, type Pair } from '../../../evidence/paired.ts';
import { measureOf } from '../../../evidence/verdict.ts';
import { earlierRemedy } from './earlierRemedy.ts';
import { filledBlocks } from '../../../backbones/blocks.ts';
import { matchPatterns } from '../../../backbones/freezePlan.ts';
import { placeOf } from '../../../runs/runFolder.ts';
import { readManifest } from '../../../runs/manifest.ts';
import { runFoldersIn } from '../../../runs/runIndex.ts';
import { storedPlan } from '../storedPlan.ts';
import { xs, ys } from '../../../base/series.ts';

/** Other runs whose journals are read to see whether a freer one is better: the newest. */
const mostRivals = 5;

/** What the rules of evidence/causes.ts look at. `read`: outcomes of another run. */
export async function causeFacts(
  head: StoredOutcome, seeds: readonly StoredOutcome[], { claim, comparisons }: Pick<Verdict, 'claim' | 'comparisons'>,
  network: Network, read: (run: StoredOutcome['folder']) => Promise<StoredOutcome | undefined>,
): Promise<CauseFacts> {
  const { folder, state } = head, plan = storedPlan(folder), stages = plan?.stages ?? [];
  const freer = await freerRun(head, read), thawMore = moreBlocks(network, stages.at(-1)?.train ?? []), loss = lossesOf(state), earlier = plan && earlierRemedy(network, plan);
  const isProbe = stages.length > 0 && stages.every(({ train }) => [...matchPatterns(network, train).trained].every((name) => name.startsWith('head.')));
  return {
    isRankable: plan?.task === 'image-classification' && plan.data.manifest === undefined,
    claim, comparisons, stages, isProbe, bestStep: state.best?.step ?? 0, warnings: state.warnings,
    sources: (['knn', 'linear-probe'] as const).flatMap((control) => {
      const pairs = seeds.flatMap((seed) => pairBetween(seed, control, 'random-features'));
      if (pairs.length === 0) return [];
      const { value, high } = comparePaired(pairs, measureOf(head));
      return [{ control, gapPt: value * 100, highPt: high * 100 }];
    }),
    ...(head.spread !== undefined && { spread: head.spread }), ...(loss && { loss }), ...(freer && { freer }), ...(thawMore && { thawMore }), ...(earlier && { earlier }),
    ...(plan && state.data?.splitBy.startsWith('at random') && { testShare: plan.data.split.test }), // data/split.ts: no splits of the folder's own
  };
}

function pairBetween({ controls }: StoredOutcome, one: string, other: string): Pair[] {
  const [first, second] = [one, other].map((kind) => controls.find(({ control }) => control === kind));
  return first && second ? [{ first: first.right, second: second.right }] : [];
}

/** Of runs on the same photos with the same network that train more of it, the one that is ahead the most. */
async function freerRun(head: StoredOutcome, read: (run: StoredOutcome['folder']) => Promise<StoredOutcome | undefined>): Promise<CauseFacts['freer']> {
  const { manifest, paths, right } = head, own = parametersOf(head.state), features = storedPlan(head.folder)?.features;
  const rivals = runFoldersIn(placeOf(head.folder)).filter((each) => {
    const found = each.id !== head.folder.id && readManifest(each);
    return found && found.ok && found.value.controlOf === undefined && found.value.test && found.value.dataFingerprint === manifest.dataFingerprint && found.value.backbone === manifest.backbone;
  }).slice(-mostRivals);
  let best: CauseFacts['freer'];
  for (const rival of rivals) {
    const other = await read(rival);
    if (!other || parametersOf(other.state) <= own || storedPlan(rival)?.features !== features) continue;
    const at = new Map(other.paths.map((path, i) => [path, other.right[i]!]));
    if (at.size !== paths.length || paths.some((path) => !at.has(path))) continue;
    const { value, p, items } = comparePaired([{ first: right, second: paths.map((path) => at.get(path)!) }], measureOf(head));
    if (best && value * 100 >= best.gapPt) continue;
    best = { title: other.manifest.title, trains: other.state.planned!.stages.at(-1)!.trains, gapPt: value * 100, p, seeds: 1, items };
  }
  return best;
}

const parametersOf = ({ planned }: RunState): number => Math.max(0, ...planned?.stages.map(({ trainedParameters }) => trainedParameters) ?? []);

/** Blocks that a remedy thaws beyond those that train: too few to move much, too many to be learnt from few photos. */
const blocksMore = 2;

/** The patterns with the next blocks below those that train; undefined when all train. */
function moreBlocks(network: Network, train: readonly string[]): readonly string[] | undefined {
  const { trained } = matchPatterns(network, train);
  const frozen = filledBlocks(network).filter(({ parameters }) => !parameters.some(({ name }) => trained.has(name)));
  return frozen.length === 0 ? undefined : [...frozen.slice(-blocksMore).map(({ path }) => path), ...train];
}

/** Losses at the end of training: of the last epoch, and of the last evaluation. */
function lossesOf({ loss, validationLoss, best, planned }: RunState): CauseFacts['loss'] {
  const validation = ys(validationLoss).at(-1), steps = xs(loss), from = (steps.at(-1) ?? 0) - (planned?.stepsPerEpoch ?? 1);
  const last = ys(loss).filter((_, i) => steps[i]! > from);
  if (validation === undefined || !best || last.length === 0) return undefined;
  return { training: last.reduce((a, b) => a + b, 0) / last.length, validation, bestValidation: best.loss };
}
