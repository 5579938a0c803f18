/**
 * Runs the frozen part of a network on ONNX Runtime: the fastest forward pass on a CPU, and frozen layers need no more.
 * Settings were measured on 2 cores with EfficientNet-Lite0 (docs/decisions/onnx-prefix.md).
 * A run holds the calling thread until it is done: whatever decodes the next batch must do so on other threads.
 */
import type { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { onnxInput, onnxOutput } from '../backbones/onnxGraph.ts';
import { threadsText } from '../base/units.ts';
import { Bug } from '../base/bug.ts';
import type { Disposable } from '../base/owner.ts';
import type { Checked } from '../protocol/diagnostic.ts';

export interface Prefix extends Disposable {
  /** "ONNX Runtime 1.30.0, 2 threads". */
  readonly title: string;
  /** Runs to have under way at once, so that no core waits. */
  readonly lanes: number;
  /**
   * images: `count` samples behind one another, as the graph was written: uint8 pixels, or float32 normalised values.
   * Returns float32 [count, …boundary shape], NHWC.
   */
  run(images: Uint8Array | Float32Array, count: number): Promise<Float32Array>;
}

/** Samples per call: 8 to 32 are equally fast, and memory and the time for which the thread is held grow with it. */
const batchSize = 8;

/** Threads that wait do not spin: the cores belong to the decoders meanwhile. Errors only: warnings are about other devices. */
const settings: InferenceSession.SessionOptions = { extra: { session: { intra_op: { allow_spinning: '0' } } }, logSeverityLevel: 3 };

/** A model written by onnxGraph, ready to run; or why ONNX Runtime cannot, so that the caller can run the prefix elsewhere. */
export async function openPrefix(model: Uint8Array, { threads }: { readonly threads: number }): Promise<Checked<Prefix>> {
  const runtime = await import('onnxruntime-node').catch(asError);
  if (runtime instanceof Error) return failure('engine-missing', `ONNX Runtime cannot be loaded: ${runtime.message}`);
  const session = await runtime.InferenceSession.create(model, { ...settings, intraOpNumThreads: threads }).catch(asError);
  if (session instanceof Error) return failure('engine-failed', `ONNX Runtime does not take the network: ${session.message}`);
  return { ok: true, value: new OnnxPrefix(session, runtime.Tensor, titleOf(runtime, threads)), warnings: [] };
}

/** "ONNX Runtime 1.30.0, 2 threads": what runs a prefix here; undefined where ONNX Runtime cannot be loaded. */
export const onnxTitle = (threads: number): Promise<string | undefined> =>
  import('onnxruntime-node').then((runtime) => titleOf(runtime, threads), () => undefined);

const titleOf = (runtime: { readonly env: typeof env }, threads: number): string =>
  `ONNX Runtime ${runtime.env.versions.node ?? ''}, ${threadsText(threads)}`;

const asError = (thrown: unknown): Error => thrown instanceof Error ? thrown : new Error(String(thrown));

const failure = (code: 'engine-missing' | 'engine-failed', message: string): Checked<never> =>
  ({ ok: false, errors: [{ code, severity: 'warning', message, fix: 'install Thaw for this platform again; until then frozen layers run on the training engine' }], warnings: [] });

class OnnxPrefix implements Prefix {
  readonly title: string;
  readonly lanes = 1;
  readonly #session: InferenceSession;
  readonly #tensorOf: typeof Tensor;
  readonly #sampleShape: readonly number[];

  constructor(session: InferenceSession, tensorOf: typeof Tensor, title: string) {
    this.#session = session;
    this.#tensorOf = tensorOf;
    this.title = title;
    const [input] = session.inputMetadata;
    if (!input?.isTensor) throw new Bug('a prefix takes one tensor');
    this.#sampleShape = input.shape.slice(1) as number[]; // only the batch size is open
  }

  async run(images: Uint8Array | Float32Array, count: number): Promise<Float32Array> {
    const sampleSize = this.#sampleShape.reduce((product, length) => product * length, 1);
    if (images.length !== count * sampleSize) throw new Bug(`${images.length} values are not ${count} samples of ${sampleSize}`);
    let features = new Float32Array(0);
    for (let first = 0; first < count; first += batchSize) {
      const size = Math.min(batchSize, count - first);
      const output = await this.#runBatch(images.subarray(first * sampleSize, (first + size) * sampleSize), size);
      if (first === 0) features = new Float32Array(output.length / size * count);
      features.set(output, output.length / size * first);
    }
    return features;
  }

  async #runBatch(images: Uint8Array | Float32Array, size: number): Promise<Float32Array> {
    const shape = [size, ...this.#sampleShape];
    const input = images instanceof Uint8Array ? new this.#tensorOf('uint8', images, shape) : new this.#tensorOf('float32', images, shape);
    const output = (await this.#session.run({ [onnxInput]: input }))[onnxOutput];
    if (!(output?.data instanceof Float32Array)) throw new Bug('a prefix gives float32');
    return output.data;
  }

  dispose(): void {
    void this.#session.release(); // resolves at once: the native session is freed in the call
  }
}
