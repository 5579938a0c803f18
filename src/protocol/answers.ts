import type { Diagnostic } from './diagnostic.ts';
import type { DataFacts } from './runEvent.ts';

/** What a trainer answers when it is asked something (trainer/host/ask.ts); guarded where it arrives. */

/** `estimate <dataset folder | manifest>`: what each plan would do there. */
export interface Estimate {
  /** What a manifest seems to be for; left out: one class per photo. */
  readonly task?: DataFacts['task'];
  readonly images: number;
  readonly classes: number;
  /** The recommended plan first. */
  readonly plans: readonly PlanEstimate[];
  /** Why it is recommended, in one sentence. */
  readonly why: string;
  /** How far the photos are from what the backbone was trained on; left out: not known. */
  readonly distance?: 'near' | 'far';
  /** The native engine, where it is missing and could be had. */
  readonly offer?: { readonly title: string; readonly fetchBytes: number };
  /** Of the folder; with an error among them nothing can be trained on it. */
  readonly problems: readonly Diagnostic[];
}

export interface PlanEstimate {
  /** Name of a preset (experiment/presets.ts). */
  readonly preset: string;
  readonly title: string;
  /** What it will do. */
  readonly detail: string;
  /** Predicted for the run itself, without its from-scratch control. */
  readonly seconds: number;
  /** The same on the engine that is offered. */
  readonly offeredSeconds?: number;
  /** Memory, likewise. */
  readonly peakBytes: number;
  /** Budget of that control when it is left to `auto`, and its memory: it trains every layer. */
  readonly scratchSeconds: number;
  readonly scratchBytes: number;
}

/** `predict <run folder> <files…>`: one for each file, in their order. */
export interface FilePrediction {
  readonly file: string;
  /** Most probable first; empty when the file could not be read, or numbers are learnt. Of several labels each has its own probability. */
  readonly top: readonly { readonly label: string; readonly probability: number }[];
  /** Where numbers are learnt. */
  readonly number?: number;
  readonly problem?: Diagnostic;
}

/** `explain <run folder> <images…>`: one for each image, in their order. */
export interface FileExplanation {
  readonly file: string;
  /** What the network sees first, and how sure it is. */
  readonly label?: string;
  readonly probability?: number;
  /** A PNG: the image as the network sees it, hot where its evidence for the label lies. */
  readonly overlay?: string;
  /** Rank correlation (−1…1) of the map with the one that the same network with random weights gives of this image: near 1, the map says nothing of what was learnt. */
  readonly sanity?: number;
  readonly problem?: Diagnostic;
}

/** What `explain` says on its way. */
export interface ExplainProgress {
  readonly done: number;
  readonly total: number;
}

/** `engine install`: what is there now. */
export interface InstalledEngine {
  /** "TensorFlow 2.21.0". */
  readonly title: string;
  readonly folder: string;
}

/** Told while `engine install` is at work. */
export interface InstallProgress {
  readonly activity: 'fetching' | 'unpacking';
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Of the last seconds; absent at the beginning. */
  readonly bytesPerSecond?: number;
  readonly leftMs?: number;
}

/** `engine offers`: what could be installed on this machine; the one to recommend first. */
export interface EngineOffer {
  /** "TensorFlow 2.21.0 with CUDA 12". */
  readonly title: string;
  readonly cuda: boolean;
  readonly fetchBytes: number;
  readonly diskBytes: number;
  readonly installed: boolean;
}

/** `models add`, `models remove`: a backbone from a hub. */
export interface FetchedModel {
  /** As an experiment names it. */
  readonly name: string;
  readonly title: string;
  readonly commit: string;
  readonly fetchedAt: string;
  readonly licence: string;
  readonly sizeBytes: number;
}

/** Features that a home keeps for its next runs, all of one network up to one node. */
export interface CachedFeatures {
  readonly key: string;
  /** "efficientnet_lite0 up to global_pool". */
  readonly title: string;
  readonly sizeBytes: number;
  readonly usedAt: string;
}

/** An installed native engine, as it lies in the cache. */
export interface EngineEntry {
  /** Its name on the disk: "tensorflow-2.21.0-linux-x64". */
  readonly name: string;
  readonly tensorflow: string;
  readonly platform: string;
  readonly cuda: boolean;
  readonly sizeBytes: number;
  readonly folder: string;
  /** `used` by the next run; `spare`: whole, but another is preferred; `damaged`; `unknown` to this version of Thaw, or for another platform. */
  readonly state: 'used' | 'spare' | 'damaged' | 'unknown';
}

/** `cost <dataset folder | manifest>`: what predictions of time and memory rest on (experiment/predict.ts). */
export interface CostBasis {
  readonly images: number;
  readonly classes: number;
  /** The engine that would train. */
  readonly engine: string;
  /** Memory that a run may take: the machine's, or its container's. */
  readonly memoryBytes: number;
  readonly rates: Rates;
}

/** What work costs on this machine and engine: measured once, mended by what runs then take (trainer/child/machine/rates.ts). */
export interface Rates {
  /** The frozen prefix on ONNX Runtime. */
  readonly prefix: PassRates;
  /** On the engine that trains: the forward pass, and what comes on top of it when gradients are wanted. */
  readonly forward: PassRates;
  readonly backward: PassRates;
  /** One optimizer update: of each tensor, and of a million parameters. */
  readonly msPerUpdatedTensor: number;
  readonly msPerMillionUpdated: number;
  /** What the loop around a step takes: gathering rows, journal, other threads' turns. */
  readonly msPerStep: number;
  readonly decodedImagesPerSecond: number;
  /** Memory of a trainer beside what its plan adds: Node and the engine. */
  readonly baseBytes: number;
  /** Decoders and frozen layers at work, before anything trains. */
  readonly prefixBytes: number;
  /** Memory that a step takes behind the boundary, times what its ops keep: 1 where gradients are single ops, more where they are composed. */
  readonly keptOutputs: number;
}

/** Arithmetic-bound, memory-bound and fixed costs of a pass: three prices explain a network better than one FLOP rate. */
export interface PassRates {
  /** Convolutions over channels and matrix products. */
  readonly msPerDenseGflop: number;
  /** Convolutions of one filter per channel: a fraction of the speed. */
  readonly msPerDepthwiseGflop: number;
  /** Read and written by any op. */
  readonly msPerGigabyte: number;
  /** Of each op in each call, however small. */
  readonly msPerNode: number;
}

/** One stage, predicted. */
export interface Prediction {
  /** Node whose output is cached, or `input`. */
  readonly boundary: string;
  /** Decoding and the frozen layers, once: nothing of it when the cache has the features. */
  readonly featuresMs: number;
  readonly epochMs: number;
  readonly peakBytes: number;
  readonly cacheBytes: number;
  /** Rows of a batch that fit into memory at once; with fewer than the batch, gradients are added up. */
  readonly rowsAtOnce: number;
  /** Activations are computed again for the gradients rather than kept, for want of memory. */
  readonly recomputes: boolean;
}

/** What a network costs when it trains from one of its blocks on. */
export interface CutPrediction extends Prediction {
  /** The first block that trains. */
  readonly path: string;
  readonly trainedParameters: number;
}

/** `rate <experiment file> <.thaw folder> <stage>`: a learning-rate range test; also a file of .thaw/rates (runs/rateTests.ts). */
export interface RateTest {
  readonly format: 1;
  readonly at: string;
  /** Absolute. */
  readonly experimentFile: string;
  readonly stage: { readonly index: number; readonly name: string };
  /** The rate that the experiment has there. */
  readonly rate: number;
  readonly images: number;
  readonly batch: number;
  /** Title of the engine that trained. */
  readonly engine: string;
  /** Training loss before the first update, in nats. */
  readonly startLoss: number;
  /** Rising, equidistant in their logarithm; with the loss after one update at each, and the same smoothed where it is finite. */
  readonly rates: readonly number[];
  readonly losses: readonly number[];
  readonly smoothed: readonly number[];
  /** It ended before the largest rate, where the loss had grown too far. */
  readonly diverged: boolean;
  /** None when the loss fell nowhere. */
  readonly suggestions?: RateSuggestions;
}

/** What they are: evidence/rateSuggestions.ts. */
export interface RateSuggestions {
  readonly valley: number;
  readonly steepest: number;
  readonly minimum: number;
}
