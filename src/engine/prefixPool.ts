/**
 * A frozen prefix on all cores: a session on each of several worker threads, whole batches side by side. One session of
 * many threads splits every layer among them, and at each layer all wait for the one that a decoder has just pushed
 * aside; here a core that is busy elsewhere delays one batch only (numbers: docs/decisions/onnx-prefix.md).
 */
import { Worker } from 'node:worker_threads';
import { Bug } from '../base/bug.ts';
import type { Checked } from '../protocol/diagnostic.ts';
import { onnxTitle, type Prefix } from './onnxPrefix.ts';
import type { FromPrefix, PrefixSetup, ToPrefix } from './prefixProtocol.ts';

export interface PoolOptions {
  /** Processor cores to use. */
  readonly threads: number;
  /** The bundled worker. */
  readonly worker?: URL;
}

/** Every session has weights and activations of its own: many, or large ones, would be paid in gigabytes. */
const mostSessions = 4, mostCopiedBytes = 256 << 20;

const sessionsFor = (threads: number, modelBytes: number): number => modelBytes > mostCopiedBytes ? 1 : Math.min(threads, mostSessions);

/** A model written by onnxGraph, ready to run; or why ONNX Runtime cannot, so that the caller can run the prefix elsewhere. */
export async function openPrefixPool(model: Uint8Array, { threads, worker = new URL('./prefixWorker.mjs', import.meta.url) }: PoolOptions): Promise<Checked<Prefix>> {
  const count = sessionsFor(threads, model.length);
  const sessions = Array.from({ length: count }, () => new Session(worker, { model, threads: Math.max(1, Math.floor(threads / count)) }));
  const opened = await Promise.all(sessions.map((session) => session.opened));
  const refused = opened.find((each) => !each.ok);
  if (!refused) return { ok: true, value: new PrefixPool(sessions, await onnxTitle(threads) ?? 'ONNX Runtime'), warnings: [] };
  for (const session of sessions) session.end();
  return refused;
}

class PrefixPool implements Prefix {
  readonly title: string;
  /** One runs in each session, one waits behind it. */
  readonly lanes: number;
  readonly #sessions: readonly Session[];

  constructor(sessions: readonly Session[], title: string) {
    this.#sessions = sessions;
    this.lanes = 2 * sessions.length;
    this.title = title;
  }

  /** Takes `images` over: their memory goes to the thread that runs them. */
  run(images: Uint8Array | Float32Array, count: number): Promise<Float32Array> {
    return this.#sessions.reduce((a, b) => b.waiting < a.waiting ? b : a).run(images, count);
  }

  dispose(): void {
    for (const session of this.#sessions) session.end();
  }
}

interface Waiting {
  readonly resolve: (features: Float32Array) => void;
  readonly reject: (reason: Error) => void;
}

/** One worker thread; its runs are answered in their order. */
class Session {
  readonly opened: Promise<Checked<true>>;
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];

  constructor(url: URL, setup: PrefixSetup) {
    this.#worker = new Worker(url, { workerData: setup });
    this.opened = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromPrefix) => {
        switch (message.type) {
          case 'opened': return resolve({ ok: true, value: true, warnings: [] });
          case 'refused': return resolve({ ok: false, errors: [message.diagnostic], warnings: [] });
          case 'done': return this.#waiting.shift()!.resolve(message.features);
          case 'failed': return this.#waiting.shift()!.reject(new Bug(`a frozen prefix failed: ${message.reason}`));
        }
      });
      this.#worker.on('error', (error) => { // the thread is gone, and what it held with it
        reject(error);
        for (const { reject } of this.#waiting.splice(0)) reject(error);
      });
    });
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  run(images: Uint8Array | Float32Array, count: number): Promise<Float32Array> {
    this.#say({ type: 'run', images, count }, [images.buffer as ArrayBuffer]);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  end(): void {
    this.#say({ type: 'end' });
  }

  #say(message: ToPrefix, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}
