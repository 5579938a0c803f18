import type { Architecture } from '../backbones/card.ts';
import { freezeBoundary } from '../backbones/boundary.ts';
import { matchPatterns } from '../backbones/freezePlan.ts';
import { type FreezeRow, freezeTree, trainingShare } from '../backbones/freezeTree.ts';
import type { Network } from '../backbones/op.ts';
import { bytes, count, shortTime } from '../base/units.ts';
import type { Plan, StagePlan } from '../experiment/plan.ts';
import { predictPlan } from '../experiment/predict.ts';
import type { CostBasis, Prediction } from '../protocol/answers.ts';

/** The rows of the Layers view for one stage of a plan, in words: what trains, what is frozen, what that means. */
export interface Layers {
  readonly rows: readonly FreezeRow[];
  readonly summary: string;
  wordsOf(row: FreezeRow): RowWords;
}

export interface RowWords {
  /** Every parameter of the row trains. */
  readonly ticked: boolean;
  /** "2 of 5 train · 0.9 M · BN stored". */
  readonly description: string;
  readonly tooltip: string;
}

/** Names do not depend on the number of classes, which is known only once the folder has been scanned. */
const anyClasses = 2;
const head = 'head';

export const networkOf = (backbone: Architecture): Network => backbone.network(anyClasses);

/** `basis`: what predictions rest on, once it is known. */
export function layersOf(plan: Plan, backbone: Architecture, stageIndex: number, basis?: CostBasis): Layers {
  const network = networkOf(backbone);
  const stage = plan.stages[stageIndex]!;
  const { trained } = matchPatterns(network, stage.train);
  const rows = freezeTree(network), cached = cachedNodes(network, trained), batchNorms = batchNormNodes(network);
  const has = (row: FreezeRow, nodes: ReadonlySet<string>): boolean => row.parameters.some((name) => nodes.has(nodeOf(name)));
  const predicted = basis && predictPlan(plan, backbone, basis), now = predicted?.stages[stageIndex];
  return {
    rows,
    summary: [summaryOf(plan, stageIndex, rows, trained), ...now ? [costText(now)] : []].join(' · '),
    wordsOf: (row) => {
      const { training, layers } = trainingShare(row, trained);
      const facts: RowFacts = {
        row, training, layers, stage,
        batchNorm: training > 0 && has(row, batchNorms),
        cached: row.parameters.every((name) => cached.has(nodeOf(name))),
        fromHere: predicted?.cuts.find(({ path }) => path === row.path),
      };
      return { ticked: training === layers, description: descriptionOf(facts), tooltip: tooltipOf(facts) };
    },
  };
}

interface RowFacts {
  readonly row: FreezeRow;
  readonly training: number;
  readonly layers: number;
  readonly stage: StagePlan;
  readonly batchNorm: boolean;
  /** In the frozen prefix: computed once per photo. */
  readonly cached: boolean;
  /** Of a block: what it costs to train from it to the head. */
  readonly fromHere: Prediction | undefined;
}

/** "12 s an epoch, 0.9 GiB". */
const costText = ({ epochMs, peakBytes }: Prediction): string => `${shortTime(epochMs)} an epoch, ${bytes(peakBytes)}`;

function descriptionOf({ row, training, layers, stage, batchNorm }: RowFacts): string {
  const mixed = training > 0 && training < layers;
  const parts = [
    mixed ? `${training} of ${layers} train` : undefined,
    row.path === head ? 'new' : count(row.parameterCount),
    batchNorm && row.children.length > 0 ? `BN ${stage.batchNorm}` : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(' · ');
}

function tooltipOf({ row, training, layers, stage, batchNorm, cached, fromHere }: RowFacts): string {
  const size = row.path === head ? 'the new classifier, one output per class' : `${row.parameterCount.toLocaleString('en')} parameters in ${layers} ${layers === 1 ? 'layer' : 'layers'}`;
  const state = training === layers ? 'Trains.' : training > 0 ? `${training} of ${layers} layers train.`
    : cached ? 'Frozen: runs once per photo, its output is cached.'
      : 'Frozen, but it runs in every epoch: a layer before it trains.';
  const statistics = batchNorm ? `\nBatch norm uses ${stage.batchNorm === 'stored' ? 'the statistics that came with the weights' : 'the statistics of each batch'}.` : '';
  const costs = fromHere ? `\nTraining from here: ${costText(fromHere)} of memory, ${fromHere.cacheBytes > 0 ? `${bytes(fromHere.cacheBytes)} of cache` : 'nothing is cached'}.` : '';
  return `${row.path}: ${size}\n${state}${statistics}${costs}`;
}

/** `stage 2 "thaw" · 0.7 M + head train`. */
function summaryOf(plan: Plan, stageIndex: number, rows: readonly FreezeRow[], trained: ReadonlySet<string>): string {
  const training = rows.filter(({ path }) => path !== head).flatMap((row) => trainedParameters(row, trained));
  const sum = training.reduce((total, size) => total + size, 0), withHead = rows.some(({ path, parameters }) => path === head && parameters.some((name) => trained.has(name)));
  const stage = plan.stages.length > 1 ? `stage ${stageIndex + 1} “${plan.stages[stageIndex]!.name}” · ` : '';
  if (sum === 0) return `${stage}only the head trains`;
  return `${stage}${count(sum)}${withHead ? ' + head' : ''} train`;
}

/** Sizes of the layers below a row that train. */
function trainedParameters(row: FreezeRow, trained: ReadonlySet<string>): number[] {
  if (row.children.length > 0) return row.children.flatMap((child) => trainedParameters(child, trained));
  return row.parameters.some((name) => trained.has(name)) ? [row.parameterCount] : [];
}

/** Nodes up to the freeze boundary. */
function cachedNodes(network: Network, trained: ReadonlySet<string>): ReadonlySet<string> {
  const boundary = freezeBoundary(network, trained), { nodes } = network;
  return new Set(nodes.slice(0, nodes.findIndex(({ name }) => name === boundary) + 1).map(({ name }) => name));
}

const batchNormNodes = ({ nodes }: Network): ReadonlySet<string> => new Set(nodes.filter(({ op }) => op.op === 'batchNorm').map(({ name }) => name));

/** `blocks.5.0.bn1.weight` → `blocks.5.0.bn1`. */
const nodeOf = (parameter: string): string => parameter.slice(0, parameter.lastIndexOf('.'));
