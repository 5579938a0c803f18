import type { CardInput } from '../../../backbones/card.ts';
import type { ByteStore } from '../../../base/byteStore.ts';
import type { Network } from '../../../backbones/op.ts';
import type { View } from '../../../data/sample.ts';
import type { Weights } from '../../../backbones/tensorData.ts';
import type { Diagnostic } from '../../../protocol/diagnostic.ts';
import type { Dataset, ViewConsumer } from '../photos/dataset.ts';
import type { Engine } from '../machine/engine.ts';
import type { FeatureSource } from './featureSource.ts';
import { foldBatchNorm } from '../../../backbones/foldBatchNorm.ts';
import { onnxGraph } from '../../../backbones/onnxGraph.ts';
import { featureCacheKey, openFeatureCache, type FeatureCache } from '../../../engine/featureCache.ts';
import { openPrefixPool } from '../../../engine/prefixPool.ts';
import type { Prefix } from '../../../engine/onnxPrefix.ts';
import { prepared } from '../../../data/prepare.ts';
import { shapesOf, sizeOf } from '../../../backbones/shapes.ts';
import { splitAt } from '../../../backbones/boundary.ts';
import { recordFormats, type FeaturePrecision, type RecordFormat } from '../../../engine/featureRecord.ts';
import { cachedSource } from './cachedSource.ts';
import { viewsOfSame } from './rereading.ts';
import { tensorPrefix } from '../../../engine/tensorPrefix.ts';

export interface FeatureOptions {
  readonly network: Network;
  /** Of the whole network, as they are before the stage. */
  readonly weights: Weights;
  readonly boundary: string;
  readonly input: CardInput;
  readonly store: ByteStore;
  readonly threads: number;
  /** For where ONNX Runtime cannot be loaded. */
  readonly engine: () => Promise<Engine>;
  /** Told of damaged records, which are computed again. */
  readonly report: (diagnostic: Diagnostic) => void;
  /** The views that are to be cached. */
  readonly views: readonly View[];
  /** The bundled worker of the prefix. */
  readonly worker?: URL;
  /** Left out: float16. */
  readonly precision?: FeaturePrecision;
}

/** Of the feature cache's key: another number when decoding or resizing gives other pixels. */
const decoder = 'pixels 1';

/** Images per run: as fast as more, and the less memory a session takes and the less is left to one core at the end. */
const batchSize = 4;

interface Waiting {
  readonly sha256: string;
  readonly view: View;
  readonly pixels: Uint8Array;
}

/** The prefix, batch norms folded, as ONNX Runtime takes it. */
function modelOf({ network, weights, boundary, input }: FeatureOptions): Uint8Array {
  const folded = foldBatchNorm(splitAt(network, boundary).prefix, weights);
  return onnxGraph(folded.network, folded.weights, { normalise: input });
}

/**
 * The activations at one freeze boundary: computed once per image and view by ONNX Runtime with batch norms folded, and
 * kept in the feature cache. Its key is a hash of the prefix's model: weights, normalisation and ops are all in those bytes.
 */
export class BoundaryFeatures implements ViewConsumer {
  readonly views: readonly View[];
  readonly #options: FeatureOptions;
  /** Its bytes go to the threads that run it. */
  #model: Uint8Array | undefined;
  readonly #cache: FeatureCache;
  readonly #width: number;
  readonly #format: RecordFormat;
  readonly #waiting: Waiting[] = [];
  #prefix: Promise<Prefix> | undefined;
  /** Runs of the prefix under way. None of them rejects: what went wrong is `#failure`. */
  readonly #underWay = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  /** Views that went through the prefix. */
  computed = 0;

  private constructor(options: FeatureOptions, model: Uint8Array, cache: FeatureCache, width: number, format: RecordFormat) {
    this.#options = options;
    this.views = options.views;
    this.#model = model;
    this.#cache = cache;
    this.#width = width;
    this.#format = format;
  }

  static async open(options: FeatureOptions): Promise<BoundaryFeatures> {
    const { network, boundary, input, store, precision = 'float16' } = options, model = modelOf(options);
    const width = sizeOf(shapesOf(network).get(boundary)!), format = recordFormats[precision];
    const cache = await openFeatureCache(store, {
      key: featureCacheKey({ model, input, decoder, precision }), title: `${network.name} up to ${boundary}, ${input.width} × ${input.height}`,
      recordBytes: width * format.bytesPerValue, report: options.report,
    });
    return new BoundaryFeatures(options, model, cache, width, format);
  }

  /** "ONNX Runtime 1.30.0, 2 threads"; unknown while nothing had to be computed. */
  title: string | undefined;

  wants(sha256: string): boolean {
    return this.views.some((view) => !this.#cache.has(sha256, view));
  }

  async take(sha256: string, views: ReadonlyMap<View, Uint8Array>): Promise<void> {
    for (const [view, pixels] of views) {
      if (!this.#cache.has(sha256, view)) this.#waiting.push({ sha256, view, pixels });
    }
    while (this.#waiting.length >= batchSize) await this.#start(this.#waiting.splice(0, batchSize));
  }

  async finish(): Promise<void> {
    if (this.#waiting.length > 0) await this.#start(this.#waiting.splice(0));
    await Promise.all(this.#underWay);
    this.dispose(); // its sessions are large, and what comes next is too
    if (this.#failure) throw this.#failure.error;
    await this.#cache.flush();
  }

  /** Computes what is still missing for `dataset`, then serves it. */
  async source(dataset: Dataset, signal: AbortSignal, onProgress: (done: number, total: number) => void): Promise<FeatureSource> {
    const { folder, samples } = dataset;
    await this.#cache.verify(samples.flatMap(({ facts: { sha256 } }) => this.views.map((view) => ({ sha256, view }))));
    const missing = samples.filter(({ facts }) => this.wants(facts.sha256));
    let done = 0;
    for await (const item of prepared({ folder, files: missing }, this.#options.input, this.views, { signal })) {
      const sample = missing[done]!, views = viewsOfSame(sample, item);
      if (views) await this.take(sample.facts.sha256, views);
      onProgress(++done, missing.length);
    }
    await this.finish();
    return cachedSource({ cache: this.#cache, from: this.#options.boundary, width: this.#width, format: this.#format, views: this.views }, dataset);
  }

  /** Frees the prefix; what is missing later opens it again. */
  dispose(): void {
    void this.#prefix?.then((prefix) => prefix.dispose(), () => undefined);
    this.#prefix = undefined;
  }

  /** ONNX Runtime, or the training engine where that cannot be loaded: said, never silent. */
  async #openPrefix(): Promise<Prefix> {
    const { network, weights, boundary, input, threads, report, engine, worker } = this.#options;
    const model = this.#model ?? modelOf(this.#options);
    this.#model = undefined;
    const opened = await openPrefixPool(model, { threads, ...(worker && { worker }) });
    if (opened.ok) return opened.value;
    opened.errors.forEach(report);
    const folded = foldBatchNorm(splitAt(network, boundary).prefix, weights);
    return tensorPrefix(folded.network, folded.weights, input, (await engine()).kernels);
  }

  /** Hands a batch to the prefix. Resolves once there is room for the next, rejects when one before it failed. */
  async #start(batch: readonly Waiting[]): Promise<void> {
    const prefix = await (this.#prefix ??= this.#openPrefix());
    this.title = prefix.title;
    const run = this.#compute(prefix, batch).catch((error: unknown) => void (this.#failure ??= { error })).finally(() => this.#underWay.delete(run));
    this.#underWay.add(run);
    if (this.#underWay.size >= prefix.lanes) await Promise.race(this.#underWay);
    if (this.#failure) throw this.#failure.error;
  }

  async #compute(prefix: Prefix, batch: readonly Waiting[]): Promise<void> {
    const imageBytes = batch[0]!.pixels.length;
    const pixels = new Uint8Array(batch.length * imageBytes);
    batch.forEach((each, i) => pixels.set(each.pixels, i * imageBytes));
    const features = await prefix.run(pixels, batch.length);
    this.computed += batch.length;
    for (const [i, { sha256, view }] of batch.entries()) {
      await this.#cache.write(sha256, view, this.#format.encode(features.subarray(i * this.#width, (i + 1) * this.#width)));
    }
  }
}
