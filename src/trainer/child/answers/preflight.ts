import { createHash } from 'node:crypto';
import type { BoundaryFeatures } from '../features/features.ts';
import type { ByteStore } from '../../../base/byteStore.ts';
import type { Card, CardInput, WeightsFile } from '../../../backbones/card.ts';
import type { Dataset } from '../photos/dataset.ts';
import type { Diagnostic } from '../../../protocol/diagnostic.ts';
import type { FoundFile } from '../../../data/sample.ts';
import type { Machine } from '../machine/machine.ts';
import type { Network } from '../../../backbones/op.ts';
import type { Weights } from '../../../backbones/tensorData.ts';
import { cardAtHand } from '../weights/obtainCard.ts';
import { channelOrder, heldOutDiagnostics, inputDiagnostics, RunningStatistics, scaleGap, sourceDistance, type ChannelStatistics } from '../../../evidence/preflight.ts';
import { foldBatchNorm } from '../../../backbones/foldBatchNorm.ts';
import { labelHints } from '../../../evidence/labelHints.ts';
import { onnxGraph } from '../../../backbones/onnxGraph.ts';
import { openPrefix } from '../../../engine/onnxPrefix.ts';
import { parseDiagnostics } from '../../../protocol/guards.ts';
import { pretrained } from '../weights/cardWeights.ts';
import { Refused } from '../../../protocol/diagnostic.ts';
import { repairOf } from '../../../backbones/backboneName.ts';
import { sampleFiles } from '../../../data/sampleFiles.ts';
import { scanPlace } from '../photos/scanData.ts';
import { shapesOf } from '../../../backbones/shapes.ts';
import { somePhotos } from '../photos/somePhotos.ts';
import { splitAt } from '../../../backbones/boundary.ts';
import { valueOf } from '../photos/dataset.ts';

/** Photos whose statistics are taken, and how many of them lie in memory with all their activations. */
const photos = 32, photosAtOnce = 4;
/** Photos among which odd labels are looked for: half a second. */
const mostLooked = 500;
/** Hints that are told; more would be about the backbone, not about the labels. */
const mostHints = 20;

export interface PreflightOptions {
  readonly card: Pick<Card, 'title' | 'input'> & { readonly weights: readonly Pick<WeightsFile, 'sha256'>[] };
  readonly network: Network;
  readonly weights: Weights;
  readonly dataset: Dataset;
  /** Filled, right before the head; absent where the first stage starts elsewhere. */
  readonly features?: BoundaryFeatures;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** What earlier runs saw. */
  readonly store: ByteStore;
}

/**
 * What a run says about its photos before it trains on them. A second or so, where a run on known features takes three: the
 * same photos, labels and weights are looked at once.
 */
export async function preflight(options: PreflightOptions): Promise<readonly Diagnostic[]> {
  const { store, signal } = options, entry = entryOf(options), size = await store.sizeOf(entry);
  if (size !== undefined) {
    const known = diagnosticsIn(await store.read(entry, 0, size));
    if (known) return known;
    await store.remove(entry);
  }
  const found = await look(options);
  if (!signal.aborted) await store.append(entry, new TextEncoder().encode(JSON.stringify(found)));
  return found;
}

/** Raise the number when the same photos would be told otherwise. */
function entryOf({ card, network, dataset: { fingerprint, folder, samples }, features }: PreflightOptions): string {
  const seen = [fingerprint, folder, samples.map(({ id }) => id), card.weights.map(({ sha256 }) => sha256), card.input, features !== undefined, network.name];
  return `preflight-1-${createHash('sha256').update(JSON.stringify(seen)).digest('hex').slice(0, 32)}.json`;
}

/** Undefined: torn or damaged. */
function diagnosticsIn(data: Uint8Array): readonly Diagnostic[] | undefined {
  try {
    const read = parseDiagnostics(JSON.parse(new TextDecoder().decode(data)));
    return read.ok ? read.value : undefined;
  } catch {
    return undefined;
  }
}

async function look({ card, network, weights, dataset, features, threads, signal }: PreflightOptions): Promise<readonly Diagnostic[]> {
  const { folder, rows, samples } = dataset, where = { file: folder };
  const [found, hints] = [await inputProblems({ card, network, weights, folder, files: sampleFiles(rows.train.map((row) => samples[row]!), photos, 0), threads, signal }), features && !dataset.targets ? await hintsOf(dataset, features, signal) : []];
  const heldOut = heldOutDiagnostics({ validation: rows.validation.length, test: rows.test.length });
  return [...[...found, ...heldOut].map((diagnostic) => ({ ...diagnostic, where })), ...hints];
}

/** `preflight <folder | manifest> <backbone>`: the part of it that needs no features of all photos. */
export async function preflightFolder(folder: string, backbone: string, machine: Machine): Promise<readonly Diagnostic[]> {
  const scan = valueOf((await scanPlace(folder)).scan), found = await cardAtHand(backbone, machine.cache);
  if (!found) throw new Refused([{ code: 'backbone-not-fetched', severity: 'error', message: `${backbone} is not on this machine`, fix: repairOf(backbone) }]);
  const { card } = found, network = card.network(2), weights = await pretrained(card, network, machine.backbones, 0);
  const problems = await inputProblems({ card, network, weights, folder: scan.folder, files: sampleFiles(scan.files, photos, 0), threads: machine.threads, signal: new AbortController().signal });
  return problems.map((diagnostic) => ({ ...diagnostic, where: { file: folder } }));
}

interface InputOptions extends Pick<PreflightOptions, 'network' | 'weights' | 'threads' | 'signal'> {
  readonly card: Pick<Card, 'title' | 'input'>;
  readonly folder: string;
  readonly files: readonly FoundFile[];
}

async function inputProblems({ card, network, weights, folder, files, threads, signal }: InputOptions): Promise<readonly Diagnostic[]> {
  const norms = network.nodes.flatMap(({ name, op, inputs }) => op.op === 'batchNorm' ? [{ name, from: inputs[0]!, epsilon: op.epsilon }] : []);
  const first = norms[0], deepest = norms.at(-1);
  if (!first || !deepest) return [];
  const images = await somePhotos({ folder, files }, card.input, photos, signal);
  if (images.length === 0 || signal.aborted) return [];
  const pixels = Buffer.concat(images), stored = ({ name }: typeof first): ChannelStatistics => ({ mean: weights.get(`${name}.running_mean`)!.data, variance: weights.get(`${name}.running_var`)!.data });
  const atFirst = await statisticsAt(network, weights, first.from, card.input, threads, [pixels, exchanged(pixels)], images.length);
  const atDeepest = await statisticsAt(network, weights, deepest.from, card.input, threads, [pixels], images.length);
  if (!atFirst || !atDeepest) return []; // no ONNX Runtime here, which the run has said
  return inputDiagnostics({
    backbone: card.title, photos: images.length, std: card.input.std,
    scale: scaleGap(atFirst[0]!, stored(first), first.epsilon),
    order: channelOrder(atFirst[0]!, atFirst[1]!, stored(first), first.epsilon),
    distance: sourceDistance(atDeepest[0]!, stored(deepest), deepest.epsilon),
  });
}

/** Of the activations at a node, over photos and places, for each of several sets of pixels. */
async function statisticsAt(network: Network, weights: Weights, node: string, input: CardInput, threads: number, sets: readonly Uint8Array[], count: number): Promise<readonly ChannelStatistics[] | undefined> {
  const folded = foldBatchNorm(splitAt(network, node).prefix, weights), channels = shapesOf(network).get(node)!.at(-1)!;
  const prefix = await openPrefix(onnxGraph(folded.network, folded.weights, { normalise: input }), { threads });
  if (!prefix.ok) return undefined;
  try {
    const statistics = sets.map(() => new RunningStatistics(channels)), imageBytes = sets[0]!.length / count;
    for (const [set, pixels] of sets.entries()) {
      for (let first = 0; first < count; first += photosAtOnce) {
        const size = Math.min(photosAtOnce, count - first);
        statistics[set]!.add(await prefix.value.run(pixels.subarray(first * imageBytes, (first + size) * imageBytes), size));
      }
    }
    return statistics.map((each) => each.now());
  } finally {
    prefix.value.dispose();
  }
}

/** Red and blue. */
function exchanged(pixels: Uint8Array): Uint8Array {
  const out = Uint8Array.from(pixels); // a Buffer's slice would be the same bytes
  for (let i = 0; i < out.length; i += 3) [out[i], out[i + 2]] = [pixels[i + 2]!, pixels[i]!];
  return out;
}

async function hintsOf(dataset: Dataset, features: BoundaryFeatures, signal: AbortSignal): Promise<Diagnostic[]> {
  const { samples, labels, classes } = dataset, chosen = new Set(sampleFiles(samples.map(({ givenSplit: _, ...sample }) => sample), mostLooked, 0).map(({ id }) => id));
  const rows = samples.flatMap(({ id }, row) => chosen.has(id) ? [row] : []), source = await features.source(dataset, signal, () => undefined);
  const block = await source.blocks(rows.map((sample) => ({ sample, view: 'centre' })), rows.length).next();
  const hints = labelHints(block.value as Float32Array, rows.map((row) => labels[row]!), classes.length);
  return hints.slice(0, mostHints).map(({ item, instead, votes, of }): Diagnostic => {
    const { id, label } = samples[rows[item]!]!;
    return {
      code: 'suspicious-label', severity: 'information', where: { file: id },
      message: `it stands in ${JSON.stringify(label)}, but ${votes} of the ${of} photos that look most like it to the backbone stand in ${JSON.stringify(classes[instead])}, and none of them in its own class`,
      fix: 'look at it: move it if it is in the wrong class; leave it if it is right, which a backbone may not see',
    };
  });
}
