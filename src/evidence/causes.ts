import { percent, pText, signed } from '../base/units.ts';
import type { Advice, Claim, Comparison, ControlKind, Remedy } from '../protocol/verdict.ts';
import { isClear, rules, scored } from './verdict.ts';
import { itemsToShow } from './mde.ts';

/**
 * Why a transfer did not help, and what to do: rules of thumb over numbers that are there anyway. Each says what it has seen;
 * what it concludes from that is a guess, `likely` at best, and where two causes look alike the remedy is the test that tells
 * them apart. Distortion: Kumar et al. 2022 (arXiv:2202.10054); layer-wise rates: Howard & Ruder 2018 (arXiv:1801.06146);
 * L2-SP: Li et al. 2018 (arXiv:1802.01483); WiSE-FT: Wortsman et al. 2022 (arXiv:2109.01903); sources that do not fit: Wang et
 * al. 2019, and what lies before their last layers: Yosinski et al. 2014 (arXiv:1411.1792). A run that helps gets only what could still improve it.
 */
export interface CauseFacts {
  readonly claim: Claim;
  readonly comparisons: readonly Comparison[];
  /** Where numbers are learnt: the verdict's. */
  readonly spread?: number;
  /** What the pretrained features know beyond random ones, by what was run: the control on them − random features, points. */
  readonly sources: readonly { readonly control: ControlKind; readonly gapPt: number; readonly highPt: number }[];
  readonly stages: readonly { readonly train: readonly string[]; readonly rate: number; readonly layerDecay: number }[];
  /** Only a head trains. */
  readonly isProbe: boolean;
  /** Step of the kept checkpoint; 0 is the untouched network. */
  readonly bestStep: number;
  /** Nats: of the last epoch's training, of the last and of the best validation. */
  readonly loss?: { readonly training: number; readonly validation: number; readonly bestValidation: number };
  /** A run on the same photos that trains more of the same network; run − it, points. */
  readonly freer?: { readonly title: string; readonly trains: readonly string[]; readonly gapPt: number; readonly p: number; readonly seeds: number; readonly items: number };
  /** The last stage's list with more blocks in it. */
  readonly thawMore?: readonly string[];
  /** Features of an earlier block, as the file would say it: where the source does not fit. */
  readonly earlier?: { readonly block: string; readonly edits: readonly (readonly [path: string, value: string])[] };
  /** What was warned of: diagnostics of the run's journal. */
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** Backbones can be ranked on its photos: they stand in a folder, one class each. */
  readonly isRankable: boolean;
  /** Share of the photos that is tested, where Thaw divides them. */
  readonly testShare?: number;
}

type Rule = (facts: CauseFacts) => Advice | undefined;

/** The likely ones first, else in the order of the rules: a run that failed says nothing of what it trained. */
export function causesOf(facts: CauseFacts): readonly Advice[] {
  const failed = failedRun(facts);
  if (failed) return [failed, ...present([preprocessing(facts), sourceMismatch(facts)])]; // neither rests on what the run has learnt
  const found = present([preprocessing, overFreezing, distortion, sourceMismatch, overfitting, tooLittleData].map((rule: Rule) => rule(facts)));
  return [...found.filter(({ strength }) => strength === 'likely'), ...found.filter(({ strength }) => strength === 'possible')];
}

const present = (found: readonly (Advice | undefined)[]): Advice[] => found.filter((each) => each !== undefined);

const failedRun: Rule = ({ comparisons, spread, stages, bestStep, warnings }) => {
  const blind = comparisons.find(({ control }) => control === 'blind');
  if (!blind || blind.gapPt > 0 && (isClear(blind) || blind.items < rules.items)) return undefined; // ahead, or on too few items to say that it is not
  const rate = stages.at(-1)?.rate ?? 1e-3, dead = warnings.find(({ code }) => code === 'dead-units');
  const isFlat = !dead && warnings.some(({ code }) => code === 'not-learning') && bestStep > 0;
  const nextOf = (now: number): string => written(isFlat ? Math.min(1, now * 10) : now / 10);
  return {
    cause: 'failed-run', strength: blind.items >= rules.items ? 'likely' : 'possible',
    words: `The run failed to learn: ${spread === undefined ? `${percent(blind.run.value)} right, and always naming the most frequent class gives ${percent(blind.controlShare.value)}` : `${scored(blind.run, spread)} on average, and always saying the training photos’ mean is ${scored(blind.controlShare, spread)}`} (${signed(blind.gapPt)} points, p ${pText(blind.p)}, ${blind.items} items). ${bestStep === 0 ? 'The untouched network was the best of all its checkpoints, so the rate is probably too high.' : dead ? `The rate is probably too high: ${dead.message}.` : isFlat ? 'Its loss hardly moved, so the rate is probably too low.' : 'Such a run says nothing about the source.'}`,
    remedies: [edit(stages.length > 1 ? `Try ${isFlat ? 'ten times' : 'a tenth of'} the rates` : `Try the rate ${nextOf(rate)}`, stages.map((stage, i) => [`stages.${i}.rate`, nextOf(stage.rate)]))],
  };
};

/** What the pre-flight diagnostic has seen of the input. */
const preprocessing: Rule = ({ warnings }) => {
  const seen = warnings.find(({ code }) => code === 'preprocessing-mismatch' || code === 'channel-order');
  return seen && { cause: 'preprocessing', strength: 'likely', words: `The photos do not reach the network as it was trained on them: ${seen.message}`, remedies: [] };
};

const overFreezing: Rule = ({ freer, thawMore, stages, warnings, claim, isProbe }) => {
  const last = stages.length - 1;
  if (freer && freer.gapPt <= -rules.gapPt && freer.p < 0.05) {
    return {
      cause: 'over-freezing', strength: isClear(freer) ? 'likely' : 'possible',
      words: `Too much is frozen: the run "${freer.title}" trains ${freer.trains.join(', ')} on the same photos and is ${(-freer.gapPt).toFixed(1)} points better (${freer.items} items, p ${pText(freer.p)}).`,
      remedies: [edit(`Train ${freer.trains.join(', ')}`, [[`stages.${last}.train`, list(freer.trains)]])],
    };
  }
  const ceiling = warnings.find(({ code }) => code === 'frozen-ceiling');
  if (!thawMore || !ceiling && !(isProbe && claim !== 'helps' && claim !== 'not-assessed')) return undefined;
  return {
    cause: 'over-freezing', strength: 'possible',
    words: ceiling ? `Too much may be frozen: ${ceiling.message}.` : 'Only the head trains: what the frozen features do not tell apart, it cannot learn. Whether more layers would, a run that trains them shows.',
    remedies: [edit(`Train ${thawMore.join(', ')}`, [[`stages.${last}.train`, list(thawMore)]])],
  };
};

const distortion: Rule = ({ comparisons, spread, stages, isProbe, claim }) => {
  if (isProbe) return undefined;
  const probe = comparisons.find(({ control }) => control === 'linear-probe'), last = stages.length - 1, { layerDecay = 1, rate = 1e-3 } = stages[last] ?? {};
  if (!probe) {
    return claim === 'helps' || claim === 'not-assessed' ? undefined : {
      cause: 'distortion', strength: 'possible',
      words: 'Fine-tuning may have spoilt good features. A new head on the features as they are would tell: if it is better than the run, that is so; if not, the source does not fit.',
      remedies: [{ type: 'control', title: 'Run the linear probe', control: 'linear-probe' }],
    };
  }
  if (probe.gapPt > -rules.gapPt || probe.p >= 0.05) return undefined;
  const gentler = written(rate / 10);
  return {
    cause: 'distortion', strength: isClear(probe) ? 'likely' : 'possible',
    words: `Fine-tuning has spoilt good features: a new head on the features as they are ${spread === undefined ? 'gets' : 'is'} ${scored(probe.controlShare, spread)}, the run ${scored(probe.run, spread)} (${signed(probe.gapPt)} points, ${probe.items} items, p ${pText(probe.p)}). Train the head first and let the lower layers move less.`,
    remedies: [
      ...last === 0 ? [{ type: 'probe-first', title: 'Train the head first (LP-FT)' } as const] : [],
      ...layerDecay > 0.75 ? [edit('Let lower layers learn more slowly', [[`stages.${last}.layerDecay`, '0.75']])] : [],
      edit(`Fine-tune at a tenth of the rate, ${gentler}`, [[`stages.${last}.rate`, gentler]]),
      edit('Hold it near the pretrained weights (L2-SP)', [[`stages.${last}.regularize.l2sp`, '0.1']]),
      ...last > 0 ? [edit('Average with the weights before (WiSE-FT)', [[`stages.${last}.wiseFt`, 'auto']])] : [], // a first stage begins with a random head
    ],
  };
};

const sourceMismatch: Rule = ({ sources, spread, claim, isRankable, earlier }) => {
  if (sources.length === 0 || claim === 'helps' || sources.some(({ gapPt }) => gapPt > 0)) return undefined;
  const names: Partial<Record<ControlKind, string>> = { 'knn': 'the nearest neighbours on them', 'linear-probe': 'a new head on them' };
  return {
    cause: 'source-mismatch', strength: sources.length > 1 && sources.every(({ highPt }) => highPt < 10) ? 'likely' : 'possible',
    words: `The source does not fit: the pretrained features ${spread === undefined ? 'tell these classes apart' : 'say these numbers'} no better than random ones (${sources.map(({ control, gapPt }) => `${names[control] ?? control} ${signed(gapPt)} points`).join(', ')}). ${earlier ? 'Features of an earlier block, which knows less of the source’s own task, another' : 'Another'} backbone, or training from scratch, may do better.`,
    remedies: [
      ...sources.some(({ control }) => control === 'linear-probe') ? [] : [{ type: 'control', title: 'Run the linear probe', control: 'linear-probe' } as const],
      ...earlier ? [edit(`Use the features of an earlier block, ${earlier.block}`, earlier.edits)] : [],
      ...isRankable ? [{ type: 'rank', title: 'Rank the backbones at hand' } as const] : [],
    ],
  };
};

const overfitting: Rule = ({ loss, isProbe, stages }) => {
  if (!loss || !(loss.validation > 1.2 * loss.bestValidation) || !(loss.training < 0.5 * loss.validation)) return undefined;
  const last = stages.length - 1;
  return {
    cause: 'overfitting', strength: 'possible',
    words: `The network learns the training photos by heart: their loss fell to ${loss.training.toFixed(2)}, that of the validation photos rose from ${loss.bestValidation.toFixed(2)} to ${loss.validation.toFixed(2)}.`,
    remedies: isProbe ? [edit('Raise the weight decay to 0.1', [[`stages.${last}.weightDecay`, '0.1']])] : [edit('Train the head only', [[`stages.${last}.train`, '[head]']])],
  };
};

/** Also the answer to a blurred "not shown": only more items, or more seeds, make it sharper. */
const tooLittleData: Rule = ({ claim, comparisons, spread, testShare }) => {
  const decisive = comparisons.find(({ control }) => control === 'scratch') ?? comparisons.find(({ control }) => control === 'random-features');
  if (claim !== 'not-assessed' || !decisive) return undefined;
  const { items, mdePt, onlyRun, onlyControl, seeds } = decisive, wanted = Math.max(rules.items, spread === undefined ? itemsToShow(rules.mdePt / 100, items, (onlyRun + onlyControl) / seeds) : Math.ceil(items * (mdePt / rules.mdePt) ** 2));
  const share = testShare === undefined ? undefined : Math.min(0.4, Math.ceil(testShare * wanted / items * 20) / 20);
  return {
    cause: 'too-little-data', strength: 'likely',
    words: `There are too few test items to tell: ${items} would only have shown ${spread === undefined && mdePt >= 100 ? 'no difference at all' : `a difference of ${mdePt.toFixed(0)} points or more`}. About ${wanted} would show ${rules.mdePt} points.`,
    remedies: share !== undefined && testShare !== undefined && share > testShare
      ? [edit(`Test on ${percent(share, 0)} of the photos`, [['data.split.train', share100(0.85 - share)], ['data.split.validation', '15%'], ['data.split.test', share100(share)]])] : [],
  };
};

const edit = (title: string, edits: readonly (readonly [path: string, value: string])[]): Remedy =>
  ({ type: 'edit', title, edits: edits.map(([path, value]) => ({ path, value })) });

const list = (patterns: readonly string[]): string => `[${patterns.join(', ')}]`;
const share100 = (share: number): string => `${Math.round(share * 100)}%`;
/** A rate as people write it: "3e-5". */
const written = (rate: number): string => Number(rate.toPrecision(2)).toExponential().replace('e+0', '');
