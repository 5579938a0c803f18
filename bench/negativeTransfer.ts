/**
 * How often is a verdict wrong? Runs whose answer is known beforehand, judged as every run is: pairs of networks from random
 * weights (no transfer: nothing may be said to hurt), sources that learnt nonsense (hurt by construction where their layers
 * stay frozen), and a source that learnt photographs. Handwritten digits and ResNet-20, so that hundreds of runs take
 * minutes. `npm run bench -- negative-transfer`; a small version is a test (test/parity/evidence/negativeTransfer.test.ts).
 * Left out: the control on random features, which for a network that trains whole is the from-scratch one.
 */
import { join } from 'node:path';
import { bundledBackbones } from '../src/backbones/backbones.ts';
import { cardOf } from '../src/backbones/cards.ts';
import { randomWeights, withNewHead } from '../src/backbones/initialise.ts';
import type { Network } from '../src/backbones/op.ts';
import type { Weights } from '../src/backbones/tensorData.ts';
import { rng } from '../src/base/rng.ts';
import type { Kernels } from '../src/engine/kernels.ts';
import { judge, rules } from '../src/evidence/verdict.ts';
import { controlStages } from '../src/experiment/controlPlan.ts';
import type { Plan } from '../src/experiment/plan.ts';
import { resolveExperiment } from '../src/experiment/resolve.ts';
import type { Claim, Verdict } from '../src/protocol/verdict.ts';
import { pretrained } from '../src/trainer/child/weights/cardWeights.ts';
import { valueOf } from '../src/trainer/child/photos/dataset.ts';
import { train } from '../src/trainer/child/loop.ts';
import { isJudged, predictedOf } from '../src/trainer/child/stages/trace.ts';
import type { Trained } from '../src/trainer/child/stages/trainJob.ts';
import { digits, type Digits } from '../test/support/digits.ts';
import { repoRoot } from '../test/support/root.ts';
import { median, table } from './support.ts';

export interface StudySize {
  /** Pairs of runs from random weights. */
  readonly nullPairs: number;
  /** Repetitions of each case that has an answer. */
  readonly seeds: number;
  /** Of each run. */
  readonly epochs: number;
  /** Of the sources that learn nonsense. */
  readonly sourceEpochs: number;
  /** What trains on top of either kind of source, one case each. Photographs help where layers thaw; frozen, they rightly hurt on digits. */
  readonly nonsense: readonly string[];
  readonly photographs: readonly string[];
}

export interface StudyCase {
  readonly name: string;
  readonly pairs: readonly Pair[];
}

interface Pair {
  readonly gapPt: number;
  readonly p: number;
  readonly claim: Claim;
  /** What would have been said had both ended at a tenth of their steps. */
  readonly early: Claim;
}

/** Fed with 16 × 16 pixels, a quarter of what it is made for: of digits of 8 × 8 cells there is no more to see. */
export const card = cardOf('resnet20_cifar10')!, network: Network = { ...card.network(10), input: [16, 16, 3] }, backbones = join(repoRoot, 'backbones');

/** Every case, on an engine that was started. */
export async function study(size: StudySize, kernels: Kernels, onCase: (done: StudyCase) => void = () => undefined): Promise<readonly StudyCase[]> {
  const natural = await digits(), fromScratch = new Map<number, Promise<Trained>>(), cases: StudyCase[] = [];
  const scratch = (seed: number): Promise<Trained> => {
    const known = fromScratch.get(seed) ?? trained(scratchPlan(size.epochs, seed, natural), randomWeights(network, seed), natural, kernels);
    fromScratch.set(seed, known);
    return known;
  };
  const add = async (name: string, count: number, runsOf: (seed: number) => Promise<readonly [run: Trained, control: Trained]>): Promise<void> => {
    const pairs: Pair[] = [];
    for (let seed = 0; seed < count; seed++) pairs.push(judged(natural, ...await runsOf(seed)));
    const done = { name, pairs };
    onCase(done);
    cases.push(done);
  };
  const fineTuned = (source: Weights, trains: string, seed: number): Promise<Trained> =>
    trained(planOf(trains, size.epochs, seed), withNewHead(network, source, seed), natural, kernels);

  await add('null: random weights against random weights', size.nullPairs, async (i) => [await scratch(2 * i), await scratch(2 * i + 1)]);
  const triples = Array.from({ length: Math.floor(size.nullPairs / 3) }, (_, i) => [3 * i, 3 * i + 1, 3 * i + 2]);
  const pooled = await Promise.all(triples.map(async (pairs) => {
    const runs = await Promise.all(pairs.map(async (i) => [await scratch(2 * i), await scratch(2 * i + 1)] as const)), end = verdictOn(natural, runs, Infinity);
    return pairOf(end, verdictOn(natural, runs, runs[0]![0].step / 10));
  }));
  cases.push({ name: 'null, three seeds together', pairs: pooled });
  onCase(cases.at(-1)!);
  for (const [name, source] of Object.entries(await nonsense(size.sourceEpochs, kernels))) {
    for (const trains of size.nonsense) await add(`source: ${name}; trains: ${trains}`, size.seeds, async (seed) => [await fineTuned(source, trains, seed), await scratch(seed)]);
  }
  const photographs = await pretrained(card, network, backbones, 1);
  for (const trains of size.photographs) await add(`source: photographs (CIFAR-10); trains: ${trains}`, size.seeds, async (seed) => [await fineTuned(photographs, trains, seed), await scratch(seed)]);
  return cases;
}

/** A plan as a person would write it; all that it leaves out is Thaw's own. */
function planOf(trains: string, epochs: number, seed: number): Plan {
  const text = `thaw: 1\ndata: { folder: digits }\nbackbone: ${card.name}\nstages:\n  - { train: [${trains}], epochs: ${epochs}, rate: 3e-3, augment: none }\nstop: { patience: 10000 }\nseed: ${seed}\n`;
  return valueOf(resolveExperiment(text, { file: 'study', folderOf: (written) => written, backbones: bundledBackbones })).plan;
}

/** Every layer from random weights, as the control does it, at the rate that the runs have too. */
function scratchPlan(epochs: number, seed: number, { dataset }: Digits): Plan {
  const plan = planOf('all', epochs, seed);
  return { ...plan, stages: controlStages(plan, 'scratch', dataset.rows.train.length).map((stage) => ({ ...stage, rate: plan.stages[0]!.rate })) };
}

/** Sources that learnt nonsense. */
export async function nonsense(epochs: number, kernels: Kernels): Promise<Readonly<Record<string, Weights>>> {
  const { int } = rng(1, 'nonsense');
  return {
    'labels drawn by lot': await learnt(await digits({ labelOf: () => int(10) }), epochs, kernels),
    'scrambled pixels': await learnt(await digits({ scrambled: true }), epochs, kernels),
  };
}

/** A source: trained until it knows its own training set by heart, whatever that says. */
async function learnt({ dataset, source }: Digits, epochs: number, kernels: Kernels): Promise<Weights> {
  const byHeart = { ...dataset, rows: { ...dataset.rows, validation: dataset.rows.train } };
  return (await trained(scratchPlan(epochs, 1, { dataset, source }), randomWeights(network, 1), { dataset: byHeart, source }, kernels)).weights;
}

const trained = (plan: Plan, weights: Weights, { dataset, source }: Digits, kernels: Kernels): Promise<Trained> => train({
  network, input: card.input, kernels, plan, weights, dataset, sourceOf: () => Promise.resolve(source),
  append: () => undefined, checkpoint: () => undefined, timed: () => undefined, stop: new AbortController().signal,
});

const judged = (from: Digits, run: Trained, control: Trained): Pair => pairOf(verdictOn(from, [[run, control]], Infinity), verdictOn(from, [[run, control]], run.step / 10));

const pairOf = ({ claim, comparisons: [against] }: Verdict, early: Verdict): Pair => ({ gapPt: against!.gapPt, p: against!.p, claim, early: early.claim });

/** Of pairs of one seed each, had they ended at this step. */
function verdictOn({ dataset: { classes, labels, rows } }: Digits, pairs: readonly (readonly [run: Trained, control: Trained])[], step: number): Verdict {
  const items = rows.test.map((row) => labels[row]!);
  const rightOf = ({ trace }: Trained): Uint8Array => {
    const best = trace.filter(isJudged).findLast((evaluation) => evaluation.step <= step)!;
    return Uint8Array.from(predictedOf(best.testLogits, classes.length), (answer, i) => Number(answer === items[i]));
  };
  return judge(pairs.map(([run, control]) => ({ right: rightOf(run), controls: [{ control: 'scratch' as const, right: rightOf(control) }] })), { labels: items, classes, missing: [] });
}

export const counted = (pairs: readonly Pair[], when: 'claim' | 'early', claim: Claim): number => pairs.filter((pair) => pair[when] === claim).length;

const rowOf = ({ name, pairs }: StudyCase): readonly string[] => [
  name, String(pairs.length), median(pairs.map(({ gapPt }) => gapPt)).toFixed(1),
  ...(['helps', 'hurts', 'not-shown', 'not-assessed'] as const).map((claim) => String(counted(pairs, 'claim', claim))), String(counted(pairs, 'early', 'hurts')),
];

/** What one seed would be said to do did it have to show this gap (points): what `rules.oneSeedGapPt` rests on. */
const gaps = [6, 8, 10, 12, 15, 20];
const byGapOf = ({ name, pairs }: StudyCase): readonly string[] => [name, ...[-1, 1].flatMap((side) => gaps.map((least) => String(pairs.filter(({ gapPt, p }) => side * gapPt >= least && p < rules.p).length)))];

/** Some 40 minutes on two cores. */
export async function negativeTransferBench(): Promise<void> {
  const { startEngine } = await import('../test/support/engines.ts'), { tensorflow } = await import('../src/engine/rungs/tensorflow.ts');
  const engine = await startEngine(tensorflow);
  if ('skip' in engine) throw new Error(engine.skip);
  const cases = await study({ nullPairs: 200, seeds: 20, epochs: 8, sourceEpochs: 40, nonsense: ['head', 'head, layer3', 'all'], photographs: ['head', 'head, layer3', 'all'] }, engine.started.kernels, (done) => console.log(rowOf(done).join(' | ')));
  console.log('\n### Verdicts on runs whose answer is known: ResNet-20, 360 digits to train on, 120 to judge by, 8 epochs\n');
  table(['case', 'pairs', 'median gap (points)', 'helps', 'hurts', 'not shown', 'not assessed', 'hurts, had it ended at a tenth'], cases.map(rowOf));
  console.log('\n### One seed, said to hurt and to help did it have to show a gap of so many points (p < .01)\n');
  table(['case', ...gaps.map((gap) => `hurts by ${gap}`), ...gaps.map((gap) => `helps by ${gap}`)], cases.filter(({ name }) => !name.includes('three seeds')).map(byGapOf));
}
