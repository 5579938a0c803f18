/**
 * What fine-tuning changed: weights, features (CKA, evidence/cka.ts), and what the network loses when a block is reset to
 * its pretrained or to random weights (Zhang, Bengio & Singer 2019, arXiv:1902.01996). Looks at validation images only, and
 * no longer than it may: what does not fit is left out and said.
 */
import { blockEnds, filledBlocks, isWithin } from '../../../backbones/blocks.ts';
import { freezeBoundary } from '../../../backbones/boundary.ts';
import { headPath } from '../../../backbones/freezeTree.ts';
import { randomWeights } from '../../../backbones/initialise.ts';
import { matchPatterns } from '../../../backbones/freezePlan.ts';
import { parametersOf } from '../../../backbones/parameters.ts';
import type { TensorData, Weights } from '../../../backbones/tensorData.ts';
import { weightChanges } from '../../../backbones/weightChange.ts';
import { monotonicMs } from '../../../base/clock.ts';
import { Observer, type Seen } from '../../../engine/observer.ts';
import { ckaOfGrams, zeroedGram } from '../../../evidence/cka.ts';
import { pairedDifference, shareOf } from '../../../evidence/intervals.ts';
import { Refused } from '../../../protocol/diagnostic.ts';
import type { AccuracyChange, BlockTransfer, Transfer } from '../../../protocol/insight.ts';
import { joined } from '../evaluate.ts';
import { sourceHeadOf } from '../weights/cardWeights.ts';
import type { Dataset } from '../photos/dataset.ts';
import type { FeatureSource } from '../features/featureSource.ts';
import type { Opened } from '../openExperiment.ts';
import { predictedOf } from '../stages/trace.ts';
import { taskOf } from '../stages/task.ts';
import type { Trained } from '../stages/trainJob.ts';

export interface TransferOptions {
  /** The activations at `boundary` of the network that training started from. */
  sourceOf(boundary: string, dataset: Dataset): Promise<FeatureSource>;
  readonly stop: AbortSignal;
  /** How long it may take. */
  readonly budgetMs: number;
}

type Looked = Pick<Opened, 'card' | 'network' | 'start' | 'dataset' | 'machine'> & { readonly engine: Pick<Opened['engine'], 'kernels'>; readonly plan: Pick<Opened['plan'], 'seed'> };

/** The most images that are looked at. They go through sixteen at once, and fewer than that say nothing. */
const mostImages = 128, batch = 16;

export async function transferOf(opened: Looked, { weights, stages }: Pick<Trained, 'weights' | 'stages'>, options: TransferOptions): Promise<Transfer> {
  const { network, start, dataset } = opened, endMs = monotonicMs() + options.budgetMs;
  const changes = weightChanges(network, start, weights), nothing: Transfer = { changes, blocks: [], images: 0, rewindImages: 0, notes: [] };
  const without = (...notes: string[]): Transfer => ({ ...nothing, notes });
  if (changes.every(({ change }) => change === 0)) return without('Only the head has changed: all features are the pretrained network’s own, its source head says what it said, and nothing was forgotten.');
  const rows = spread(dataset.rows.validation, mostImages);
  if (rows.length === 0) return without(`Features were not compared: ${dataset.rows.validation.length} validation images, fewer than ${batch} say nothing.`);
  const trains = new Set(stages.flatMap((stage) => [...matchPatterns(network, stage.train).trained])), boundary = freezeBoundary(network, trains);
  const photos = { ...dataset, samples: rows.map((row) => dataset.samples[row]!) };
  const source = await options.sourceOf(boundary, photos);
  const { value: x } = await source.blocks(rows.map((_, sample) => ({ sample, view: 'centre' })), rows.length, options.stop).next() as { value: Float32Array | Uint8Array | undefined };
  if (!x || options.stop.aborted) return without(stopped);
  using looking = new Looking(opened, boundary, x, x.length / rows.length, options.stop);
  return await looking.compare(weights, { nothing, labels: rows.map((row) => dataset.labels[row]!), endMs });
}

const stopped = 'Stopped before features could be compared.';

/** Whole batches of rows, evenly spread: rows stand class by class. */
function spread(rows: readonly number[], most: number): number[] {
  const count = batch * Math.floor(Math.min(rows.length, most) / batch);
  return Array.from({ length: count }, (_, i) => rows[Math.floor(i * rows.length / count)]!);
}

interface Comparing {
  /** What is known without looking. */
  readonly nothing: Transfer;
  readonly labels: readonly number[];
  /** Monotonic milliseconds at which it has to be over. */
  readonly endMs: number;
}

/** The images at the boundary of what trained, and networks that look at them in turn. */
class Looking implements Disposable {
  readonly #opened: Looked;
  readonly #observer: Observer;
  readonly #x: Float32Array | Uint8Array;
  readonly #width: number;
  readonly #stop: AbortSignal;
  /** Block → its last node, the head left out. */
  readonly #ends: ReadonlyMap<string, string>;
  readonly #features: string;
  /** Batch norms. */
  readonly #norms: readonly string[];

  constructor(opened: Looked, boundary: string, x: Float32Array | Uint8Array, width: number, stop: AbortSignal) {
    const { network, card: { input }, engine: { kernels } } = opened;
    this.#opened = opened;
    this.#observer = new Observer({ network, from: boundary, input, kernels });
    this.#x = x;
    this.#width = width;
    this.#stop = stop;
    const behind = this.#observer.network, bodies = filledBlocks(behind).filter(({ path }) => path !== headPath);
    this.#ends = blockEnds(behind, new Set(bodies.flatMap(({ parameters }) => parameters.map(({ name }) => name))));
    this.#features = behind.nodes.find(({ name }) => name === headPath)!.inputs[0]!;
    this.#norms = behind.nodes.filter(({ op }) => op.op === 'batchNorm').map(({ name }) => name);
  }

  [Symbol.dispose](): void {
    this.#observer.dispose();
  }

  async compare(weights: Weights, { nothing, labels, endMs }: Comparing): Promise<Transfer> {
    const { start, network, plan: { seed }, dataset } = this.#opened, task = taskOf(dataset), fromMs = monotonicMs();
    // As many images as the first network gets through in an eighth of the time: three look for CKA, two more for each block.
    const before = await this.#look(start, labels.length, { untilMs: fromMs + (endMs - fromMs) / 8 }), images = before.images, msPerImage = (monotonicMs() - fromMs) / images;
    if (images < batch) return { ...nothing, notes: [this.#isStopped ? stopped : 'Features were not compared: there was no time left for it.'] };
    if (3 * images * msPerImage > endMs - fromMs) return { ...nothing, notes: [`Features were not compared: ${images} images take ${shortly(images * msPerImage)} each time, and looking back may take ${shortly(endMs - fromMs)}.`] };
    const after = await this.#look(weights, images), random = randomWeights(network, seed), control = await this.#look(random, images, { byBatch: new Set(this.#norms) });
    if (this.#isStopped) return { ...nothing, notes: [stopped] };
    const changeOf = new Map(nothing.changes.map(({ path, change }) => [path, change]));
    const blocks = [...this.#ends].map(([path, node]): BlockTransfer => {
      const [own, later, unrelated] = [before, after, control].map(({ means }) => zeroedGram(means.get(node)!, images)) as [Float64Array, Float64Array, Float64Array];
      const cka = { value: ckaOfGrams(own, later, images), control: ckaOfGrams(own, unrelated, images) };
      return { path, change: changeOf.get(path)!, ...(Number.isFinite(cka.value) && Number.isFinite(cka.control) && { cka }) }; // a block that gives the same of each image is like nothing
    });
    const drift = await this.#drift(before, after), compared: Transfer = { ...nothing, ...drift, blocks, images };

    if (dataset.targets?.task === 'image-regression') return { ...compared, notes: [...compared.notes, 'No block was rewound: numbers are not right or wrong.'] };
    const moved = blocks.filter(({ change }) => change > 0), perImage = 2 * moved.length * msPerImage;
    const rewindImages = Math.min(images, batch * Math.floor((endMs - monotonicMs()) / perImage / batch));
    if (rewindImages < batch) return { ...compared, notes: [...compared.notes, `No block was rewound: over ${batch} images that takes ${shortly(perImage * batch)}, longer than is left for looking back.`] };
    const rightOf = ({ outputs }: Seen): boolean[] => Array.from(task.answersOf(outputs.subarray(0, rewindImages * task.outputs)), (answer, i) => answer === labels[i]);
    const kept = rightOf(after), rewinds = new Map<string, BlockTransfer['rewind']>();
    for (const { path } of moved) {
      const pretrained = rightOf(await this.#look(this.#reset(path, weights, start), rewindImages));
      const drawn = rightOf(await this.#look(this.#reset(path, weights, random), rewindImages, { byBatch: new Set(this.#norms.filter((node) => this.#isIn(path, node))) }));
      if (this.#stop.aborted) break;
      rewinds.set(path, { pretrained: changeFrom(kept, pretrained), random: changeFrom(kept, drawn) });
    }
    return { ...compared, rewindImages, blocks: blocks.map((block) => ({ ...block, ...(rewinds.has(block.path) && { rewind: rewinds.get(block.path)! }) })) };
  }

  get #isStopped(): boolean {
    return this.#stop.aborted;
  }

  /** What a network with these weights makes of the first images; of fewer when the time is over. */
  async #look(weights: Weights, wanted: number, { byBatch, untilMs = Infinity }: { byBatch?: ReadonlySet<string>; untilMs?: number } = {}): Promise<Seen & { readonly images: number }> {
    this.#observer.wear(weights);
    const parts: Seen[] = [], taps = new Set([...this.#ends.values(), this.#features]);
    let images = 0;
    for (; images < wanted && !this.#isStopped && (images === 0 || monotonicMs() < untilMs); images += batch) {
      parts.push(await this.#observer.look(this.#x.subarray(images * this.#width, (images + batch) * this.#width), batch, taps, byBatch));
    }
    return { images, outputs: joined(parts.map(({ outputs }) => outputs)), means: new Map([...taps].map((node) => [node, joined(parts.map(({ means }) => means.get(node)!))])) };
  }

  /** Whether the source task's head, put on the features before and after, says the same. */
  async #drift(before: Seen, after: Seen): Promise<Pick<Transfer, 'sourceHead' | 'notes'>> {
    const { card, machine, engine: { kernels } } = this.#opened;
    if (card.whole) return { notes: ['The source task’s head needs the features of the last block: whether it still says what it said is not known.'] };
    try {
      const head = await sourceHeadOf(card, machine.backbones), classes = head.get('head.weight')!.shape[0]!;
      const observer = new Observer({ network: card.network(classes), from: this.#features, input: card.input, kernels });
      observer.wear(head);
      const said: Int32Array[] = [];
      for (const { means } of [before, after]) {
        const features = means.get(this.#features)!;
        said.push(predictedOf((await observer.look(features, features.length / card.features)).outputs, classes));
      }
      observer.dispose();
      const [first, second] = said as [Int32Array, Int32Array];
      return { sourceHead: { classes, agreement: shareOf(first.filter((label, i) => label === second[i]).length, first.length) }, notes: [] };
    } catch (error) {
      if (error instanceof Refused) return { notes: ['These weights came without the head of their source task: whether it still says what it said is not known.'] };
      throw error;
    }
  }

  #reset(path: string, weights: Weights, to: Weights): Weights {
    const own = parametersOf(this.#opened.network).filter(({ node }) => this.#isIn(path, node));
    return new Map([...weights, ...own.map(({ name }): [string, TensorData] => [name, to.get(name)!])]);
  }

  #isIn(path: string, node: string): boolean {
    return filledBlocks(this.#opened.network).find((block) => block.path === path)!.members.some((member) => isWithin(node, member));
  }
}

function changeFrom(kept: readonly boolean[], reset: readonly boolean[]): AccuracyChange {
  const only = (a: readonly boolean[], b: readonly boolean[]): number => a.filter((right, i) => right && !b[i]).length;
  return pairedDifference(only(reset, kept), only(kept, reset), kept.length);
}

const shortly = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
