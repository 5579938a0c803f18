import { createHash } from 'node:crypto';
import type { Board, BoardRow, BoardScores, RankProgress } from '../../../protocol/board.ts';
import type { ByteStore } from '../../../base/byteStore.ts';
import type { Card, CardInput } from '../../../backbones/card.ts';
import type { Dataset, ViewConsumer } from '../photos/dataset.ts';
import type { Engine } from '../machine/engine.ts';
import type { Machine } from '../machine/machine.ts';
import type { Network } from '../../../backbones/op.ts';
import type { RunsPlace } from '../../../runs/runFolder.ts';
import type { Scan } from '../../../data/sample.ts';
import type { Weights } from '../../../backbones/tensorData.ts';
import { BoundaryFeatures } from '../features/features.ts';
import { bundledCards } from '../../../backbones/cards.ts';
import { bootstrapMean } from '../../../evidence/transferability/bootstrap.ts';
import { cardAtHand, weightsHash } from '../weights/obtainCard.ts';
import { cutCost, sampleMs } from '../../../backbones/cost.ts';
import { diagnosticOf } from '../exit.ts';
import { FactsCache } from '../../../data/factsCache.ts';
import { fileStore } from '../../../runs/fileStore.ts';
import { formatJson } from '../../../protocol/jsonText.ts';
import { fitAllWeights } from '../../../backbones/fitWeights.ts';
import { knownBackbones } from '../../hub/knownBackbones.ts';
import { leep } from '../../../evidence/transferability/leep.ts';
import { monotonicMs, nowAt } from '../../../base/clock.ts';
import { once } from '../../../base/once.ts';
import { openEngine } from '../machine/engine.ts';
import { parametersOf } from '../../../backbones/parameters.ts';
import { randomWeights, withNewHead } from '../../../backbones/initialise.ts';
import { readBoard, writeBoard } from '../../../runs/boardFile.ts';
import { nobody, readDataset, valueOf } from '../photos/dataset.ts';
import { readRates } from '../machine/rates.ts';
import { recalibrated } from '../../../engine/recalibrate.ts';
import { Refused } from '../../../protocol/diagnostic.ts';
import { repairOf } from '../../../backbones/backboneName.ts';
import { rng } from '../../../base/rng.ts';
import { sampleFiles } from '../../../data/sampleFiles.ts';
import { scanPlace } from '../photos/scanData.ts';
import { shareOf } from '../../../evidence/intervals.ts';
import { somePhotos } from '../photos/somePhotos.ts';
import { sourceProbabilities } from '../../../evidence/transferability/sourceProbabilities.ts';
import { sourceWeights } from '../weights/cardWeights.ts';
import { standings } from '../../../evidence/transferability/standings.ts';
import { transferScores } from '../../../evidence/transferability/scores.ts';
import { usualPart } from '../../../engine/timedPart.ts';
import { weightsBytes } from '../../../backbones/card.ts';

export interface RankOptions {
  /** Backbones as an experiment names them; none: all at hand. */
  readonly names: readonly string[];
  readonly place: RunsPlace;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: RankProgress) => void;
}

/** Photos that are looked at. */
const most = 500;
/** Photos that a random network's batch norms are measured on: 49 places in each at the least. */
const calibrationImages = 16;
const seed = 0;

/**
 * `rank <folder | manifest>`: how much each backbone knows of its classes, without training: its features right before the
 * head, judged on a sample of the photos, beside those of the same network with random weights. What is known from before
 * is not measured again, as long as photos and weights are the same.
 */
export async function rankFolder(folder: string, machine: Machine, { names, place, signal, onProgress }: RankOptions): Promise<Board> {
  const { scan: found, task } = await scanPlace(folder, { signal }), scan = valueOf(found);
  if (task !== 'image-classification') throw new Refused([{ code: 'wrong-type', severity: 'error', message: 'backbones are ranked by how well they tell classes apart: these photos have no one class each', where: { file: folder } }]);
  const sample: Scan = { ...scan, files: sampleFiles(scan.files, most, seed), diagnostics: [] };
  const known = await FactsCache.open(fileStore(place.facts, 'never'));
  const bench = new Bench(sample, machine, fileStore(place.features, 'never'), known, signal);
  const failed: Board['failed'][number][] = [], cards: { readonly card: Card; readonly name: string }[] = [];
  for (const name of names.length > 0 ? names : knownBackbones(machine.cache).names()) {
    try {
      const found = await cardAtHand(name, machine.cache);
      if (!found) throw new Refused([{ code: 'backbone-not-fetched', severity: 'error', message: `${name} is not on this machine`, fix: repairOf(name) }]);
      cards.push({ card: found.card, name });
    } catch (error) {
      failed.push({ name, problem: diagnosticOf(error) });
    }
  }
  const before = readBoard(place, folder);
  let rows: readonly BoardRow[] = before && before.fingerprint === (await bench.read()).fingerprint ? before.rows : [];
  const boardOf = (of: readonly BoardRow[]): Board => ({
    format: 1, folder, at: nowAt(), images: bench.images, found: scan.files.length, classes: bench.classes, fingerprint: bench.fingerprint, failed, rows: placed(of),
  });
  const asked = new Map(cards.map(({ card, name }) => [keyOf(card), { card, name, costMs: costOf(card, machine) }])), isAsked = ({ key }: BoardRow): boolean => asked.has(key);
  const pending = [...asked].filter(([key]) => !rows.some((row) => row.key === key)).map(([, each]) => each);
  let doneMs = 0;
  const startMs = monotonicMs(), allMs = pending.reduce((sum, { costMs }) => sum + costMs, 0);
  for (const [i, { card, name, costMs }] of pending.entries()) {
    const say = (done: number, board?: Board): void => {
      const past = doneMs + costMs * done / bench.images, elapsedMs = monotonicMs() - startMs;
      onProgress({ doing: card.title, nth: i + 1, of: pending.length, done, total: bench.images, ...(past > 0 && { leftMs: elapsedMs / past * (allMs - past) }), ...(board && { board }) });
    };
    try {
      const row = await bench.measure(card, name, (done) => say(done));
      rows = [...rows, row];
      writeBoard(place, boardOf(rows));
    } catch (error) {
      signal.throwIfAborted();
      failed.push({ name, problem: diagnosticOf(error) });
    }
    signal.throwIfAborted();
    say(bench.images, boardOf(rows.filter(isAsked)));
    doneMs += costMs;
  }
  await known.save();
  return boardOf(rows.filter(isAsked));
}

/** Rows in order, with their places. */
const placed = (rows: readonly BoardRow[]): readonly BoardRow[] =>
  standings(rows, ({ right }) => Array.from(right, Number)).map(({ item, place, sharedBy }) => ({ ...item, place, sharedBy }));

/** The same weights fed in another way are another backbone. */
const keyOf = (card: Card): string => createHash('sha256').update(formatJson([weightsHash(card), card.input])).digest('hex').slice(0, 32);

/** A forward pass of all photos, twice: with its weights and with random ones. */
const costOf = (card: Card, machine: Machine): number => sampleMs(cutCost(card.network(2), new Set()).prefix, readRates(machine, 'wasm').rates.prefix);

/** The sample, and what measuring backbones on it needs. */
class Bench {
  readonly #sample: Scan;
  readonly #machine: Machine;
  readonly #store: ByteStore;
  readonly #known: FactsCache;
  readonly #signal: AbortSignal;
  readonly #engine: () => Promise<Engine>;
  #dataset: Dataset | undefined;

  constructor(sample: Scan, machine: Machine, store: ByteStore, known: FactsCache, signal: AbortSignal) {
    this.#sample = sample;
    this.#machine = machine;
    this.#store = store;
    this.#known = known;
    this.#signal = signal;
    this.#engine = once(() => openEngine(machine, usualPart));
  }

  /** Files before they were read, photos after. */
  get images(): number {
    return this.#dataset ? firstOfGroups(this.#dataset).length : this.#sample.files.length;
  }

  get classes(): number {
    return this.#dataset?.classes.length ?? 0;
  }

  get fingerprint(): string {
    return this.#dataset?.fingerprint ?? '';
  }

  /** Reads the sample for `consumer`; what is known of a file already is not decoded again for nobody. */
  async read(input: CardInput = bundledCards[0]!.input, consumer: ViewConsumer = nobody, onProgress: (done: number) => void = () => undefined): Promise<Dataset> {
    this.#dataset = await readDataset(this.#sample, {
      input, consumer, known: this.#known, signal: this.#signal, onProgress,
      split: { train: 1, validation: 0, test: 0, seed, keepTogether: 'nothing' },
    });
    this.#signal.throwIfAborted(); // a reading that was called off ends early, without an error
    return this.#dataset;
  }

  async measure(card: Card, name: string, onProgress: (done: number) => void): Promise<BoardRow> {
    const startMs = monotonicMs(), network = card.network(2), boundary = network.nodes.find(({ name: node }) => node === 'head')!.inputs[0]!;
    const source = await sourceWeights(card, this.#machine.backbones);
    const pretrained = valueOf(fitAllWeights(network, withNewHead(network, source, seed), card.weights[0]!.file));
    const threads = Math.ceil(this.#machine.threads / 2); // each photo goes through both networks at once: half of the cores for each
    const open = (weights: Weights): Promise<BoundaryFeatures> => BoundaryFeatures.open({
      network, weights, boundary, input: card.input, store: this.#store, threads, engine: this.#engine, views: ['centre'], report: () => undefined,
    });
    const own = await open(pretrained), random = await open(await this.#randomStart(card, network));
    try {
      const dataset = await this.read(card.input, both(own, random), onProgress), rows = firstOfGroups(dataset);
      const labels = rows.map((row) => dataset.labels[row]!);
      const scored = async (features: BoundaryFeatures, head?: Weights): Promise<Scored> => {
        const served = await features.source(dataset, this.#signal, () => undefined);
        const block = await served.blocks(rows.map((row) => ({ sample: row, view: 'centre' })), rows.length).next();
        return scoredOf(block.value as Float32Array, labels, dataset.classes.length, head);
      };
      const mine = await scored(own, source), theirs = await scored(random), differences = mine.right.map((right, i) => right - theirs.right[i]!);
      return {
        name, title: card.title, licence: card.licence, sizeBytes: weightsBytes(card), key: keyOf(card), features: mine.width,
        seconds: (monotonicMs() - startMs) / 1000, place: 1, sharedBy: 1,
        scores: mine.scores, random: theirs.scores, gain: bootstrapMean(differences, rng(seed, 'gain')), right: mine.right.join(''),
      };
    } finally {
      own.dispose();
      random.dispose();
    }
  }

  /** Random weights; batch norms, where there are any, measured on some of the photos (engine/recalibrate.ts says why). */
  async #randomStart({ input }: Card, network: Network): Promise<Weights> {
    const weights = randomWeights(network, seed);
    if (!parametersOf(network).some(({ part }) => part === 'running_var')) return weights;
    const views = await somePhotos(this.#sample, input, calibrationImages, this.#signal);
    this.#signal.throwIfAborted();
    return views.length === 0 ? weights : recalibrated(network, weights, Buffer.concat(views), input, (await this.#engine()).kernels);
  }
}

interface Scored {
  readonly scores: BoardScores;
  readonly width: number;
  /** 1 or 0 per photo. */
  readonly right: readonly number[];
}

/** source: weights that may hold the head of the source task. */
function scoredOf(features: Float32Array, labels: readonly number[], classes: number, source?: Weights): Scored {
  const width = features.length / labels.length, { probe, knn, logMe, hScore } = transferScores(features, labels, classes);
  const right = labels.map((label, i) => Number(probe[i] === label)), sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const probabilities = source && sourceProbabilities(features, width, source.get('head.weight'), source.get('head.bias'));
  return {
    width, right,
    scores: {
      probe: shareOf(sum(right), labels.length), knn: shareOf(sum(labels.map((label, i) => Number(knn[i] === label))), labels.length),
      logMe, hScore, ...(probabilities && { leep: leep(probabilities, labels, classes) }),
    },
  };
}

/** Of near-duplicates the first: a copy among the neighbours would answer for its twin. */
const firstOfGroups = ({ samples }: Dataset): readonly number[] => {
  const seen = new Set<string>();
  return samples.flatMap(({ duplicateGroup }, row) => {
    if (duplicateGroup === undefined) return [row];
    if (seen.has(duplicateGroup)) return [];
    seen.add(duplicateGroup);
    return [row];
  });
};

/** Each photo is decoded once for both. */
const both = (a: ViewConsumer, b: ViewConsumer): ViewConsumer => ({
  views: a.views,
  wants: (sha256) => a.wants(sha256) || b.wants(sha256),
  take: async (sha256, views) => {
    await a.take(sha256, views);
    await b.take(sha256, views);
  },
  finish: async () => {
    await a.finish();
    await b.finish();
  },
});
