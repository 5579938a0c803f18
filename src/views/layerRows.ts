import type { Architecture } from '../backbones/card.ts';
import { flopShare } from '../backbones/flops.ts';
import { type FreezeRow, freezeTree, headPath, trainedParameters } from '../backbones/freezeTree.ts';
import { networkOf } from '../backbones/networkOf.ts';
import type { Network } from '../backbones/op.ts';
import { nodesOf } from '../backbones/parameters.ts';
import { bytes, count, percent, shortTime } from '../base/units.ts';
import type { Plan, StagePlan } from '../experiment/plan.ts';
import { predictPlan } from '../experiment/predict.ts';
import { type RowFacts, stageLayers } from '../experiment/stageLayers.ts';
import type { CostBasis, Prediction } from '../protocol/answers.ts';

/** The rows of the Layers view for one stage of a plan, in words: what trains, what is frozen, what that means and costs. */
export interface Layers {
  readonly rows: readonly FreezeRow[];
  readonly summary: string;
  wordsOf(row: FreezeRow): RowWords;
  parentOf(row: FreezeRow): FreezeRow | undefined;
}

export interface RowWords {
  /** Every parameter of the row trains. */
  readonly ticked: boolean;
  /** "2 of 5 train · 0.9 M · 31 % FLOPs · 12 s · BN stored". */
  readonly description: string;
  readonly tooltip: string;
  /** For screen readers. */
  readonly label: string;
  /** What `when` clauses of row commands read. */
  readonly kind: string;
  /** How far its weights moved in the newest run: 0 hardly … 3 far; left out where that is not known. */
  readonly heat?: 0 | 1 | 2 | 3;
}

/** `basis`: what predictions rest on, once it is known. `moved`: row → ‖w − w₀‖ / ‖w₀‖ of the newest run (protocol/insight.ts). */
export function layersOf(plan: Plan, backbone: Architecture, stageIndex: number, basis?: CostBasis, moved?: ReadonlyMap<string, number>): Layers {
  const network = networkOf(backbone), { rows, parents, flopsOf, parameters } = treeOf(network);
  const stage = plan.stages[stageIndex]!;
  const { trained, factsOf } = stageLayers(network, stage);
  const predicted = basis && predictPlan(plan, backbone, basis), now = predicted?.stages[stageIndex];
  const cuts = new Map(predicted?.cuts.map((cut) => [cut.path, cut]));
  return {
    rows,
    summary: [summaryOf(plan, stageIndex, rows, trained), ...backbone.whole ? [`ends after ${plan.features}`] : [], ...now ? [costText(now)] : []].join(' · '),
    parentOf: (row) => parents.get(row.path),
    wordsOf: (row) => {
      const facts: Facts = { ...factsOf(row), row, stage, parameters, flops: flopsOf(row), fromHere: cuts.get(row.path), moved: moved?.get(row.path) };
      const parts = partsOf(facts), ticked = facts.state === 'trained';
      return {
        ticked, description: parts.join(' · '), tooltip: tooltipOf(facts),
        label: [row.path, ticked ? 'trains' : 'not ticked', ...parts].join(', '),
        kind: `layer${facts.choosesStatistics ? ' batchNorm' : ''}`,
        ...(facts.moved !== undefined && { heat: heatOf(facts.moved) }),
      };
    },
  };
}

interface Tree {
  readonly rows: readonly FreezeRow[];
  /** By the path of the child. */
  readonly parents: ReadonlyMap<string, FreezeRow>;
  /** Of the whole network but its head. */
  readonly parameters: number;
  /** Share of the forward pass, 0…1. */
  flopsOf(row: FreezeRow): number;
}

/** A network's tree is made once, so that VS Code finds the very row that it knows. */
const trees = new WeakMap<Network, Tree>();

function treeOf(network: Network): Tree {
  const known = trees.get(network) ?? growTree(network);
  trees.set(network, known);
  return known;
}

function growTree(network: Network): Tree {
  const rows = freezeTree(network), nodeOf = nodesOf(network), share = flopShare(network), shares = new Map<string, number>();
  const flopsOf = (row: FreezeRow): number => {
    const known = shares.get(row.path) ?? share(row.path, new Set(row.parameters.map((name) => nodeOf.get(name)!)));
    shares.set(row.path, known);
    return known;
  };
  const parents = new Map<string, FreezeRow>();
  const visit = (row: FreezeRow): void => row.children.forEach((child) => {
    parents.set(child.path, row);
    visit(child);
  });
  rows.forEach(visit);
  return { rows, parents, flopsOf, parameters: rows.reduce((sum, row) => row.path === headPath ? sum : sum + row.parameterCount, 0) };
}

interface Facts extends RowFacts {
  readonly row: FreezeRow;
  readonly stage: StagePlan;
  readonly parameters: number;
  readonly flops: number;
  /** Of a block: what it costs to train from it to the head. */
  readonly fromHere: Prediction | undefined;
  readonly moved: number | undefined;
}

const heatOf = (moved: number): 0 | 1 | 2 | 3 => moved < 0.01 ? 0 : moved < 0.05 ? 1 : moved < 0.2 ? 2 : 3;

/** "12 s an epoch, 0.9 GiB". */
const costText = ({ epochMs, peakBytes }: Prediction): string => `${shortTime(epochMs)} an epoch, ${bytes(peakBytes)}`;

/** Short: a narrow side bar shows some thirty characters, so what is usual stands last. */
const partsOf = ({ row, state, training, layers, stage, choosesStatistics, flops, fromHere, moved }: Facts): string[] => [
  choosesStatistics && row.children.length > 0 && stage.batchNorm !== 'stored' ? `BN ${stage.batchNorm}` : undefined,
  state === 'partly' ? `${training} of ${layers} train` : undefined,
  row.path === headPath ? 'new' : count(row.parameterCount),
  row.path === headPath || flops < 0.005 ? undefined : `${percent(flops, 0)} FLOPs`,
  moved !== undefined && moved > 0 ? `moved ${percent(moved)}` : undefined,
  fromHere && shortTime(fromHere.epochMs),
  choosesStatistics && row.children.length > 0 && stage.batchNorm === 'stored' ? 'BN stored' : undefined,
].filter((part) => part !== undefined);

function tooltipOf({ row, state, training, layers, stage, choosesStatistics, parameters, flops, fromHere, moved }: Facts): string {
  const size = row.path === headPath ? 'the new classifier, one output per class'
    : `${row.parameterCount.toLocaleString('en')} parameters in ${layers} ${layers === 1 ? 'layer' : 'layers'} (${percent(row.parameterCount / parameters)} of the backbone), ${percent(flops)} of its FLOPs`;
  const does = { trained: 'Trains.', partly: `${training} of ${layers} layers train.`, cached: 'Frozen: runs once per photo, its output is cached.', frozen: 'Frozen, but it runs in every epoch: a layer before it trains.' }[state];
  const statistics = choosesStatistics ? `\nBatch norm uses ${stage.batchNorm === 'stored' ? 'the statistics that came with the weights' : 'the statistics of each batch'}.` : '';
  const costs = fromHere ? `\nTraining from here: ${costText(fromHere)} of memory, ${fromHere.cacheBytes > 0 ? `${bytes(fromHere.cacheBytes)} of cache` : 'nothing is cached'}.` : '';
  const change = moved === undefined ? '' : `\nIn the newest run its weights ${moved > 0 ? `moved by ${percent(moved)} of their size` : 'stayed as they were'}.`;
  return `${row.path}: ${size}\n${does}${statistics}${costs}${change}`;
}

/** `stage 2 of 3 “thaw” · 0.7 M + head train`. */
function summaryOf({ stages }: Plan, stageIndex: number, rows: readonly FreezeRow[], trained: ReadonlySet<string>): string {
  const sum = rows.reduce((total, row) => row.path === headPath ? total : total + trainedParameters(row, trained), 0);
  const withHead = rows.some(({ path, parameters }) => path === headPath && parameters.some((name) => trained.has(name)));
  const stage = stages.length > 1 ? `stage ${stageIndex + 1} of ${stages.length} “${stages[stageIndex]!.name}” · ` : '';
  if (sum === 0) return `${stage}only the head trains`;
  return `${stage}${count(sum)}${withHead ? ' + head' : ''} train`;
}
