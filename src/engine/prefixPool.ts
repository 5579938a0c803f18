/**
 * A frozen prefix on all cores: a session on each of several worker threads, whole batches side by side. One session of
 * many threads splits every layer among them, and at each layer all wait for the one that a decoder has just pushed
 * aside; here a core that is busy elsewhere delays one batch only (numbers: docs/decisions/onnx-prefix.md).
 */
import { MessageChannel, Worker } from 'node:worker_threads';
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

/**
 * A model written by onnxGraph, ready to run; or why ONNX Runtime cannot, so that the caller can run the prefix elsewhere.
 * Takes `model` over. The threads start together and open it one after the other, the first runs while the next one opens:
 * opening takes three times the model's bytes for a moment, and each thread would need a copy of them.
 */
export async function openPrefixPool(model: Uint8Array, { threads, worker = new URL('./prefixWorker.mjs', import.meta.url) }: PoolOptions): Promise<Checked<Prefix>> {
  const count = sessionsFor(threads, model.length);
  const sessions = Array.from({ length: count }, () => new Session(worker, { threads: Math.max(1, Math.floor(threads / count)) }));
  const first = await sessions[0]!.open(ownBytes(model));
  if (first.ok) return { ok: true, value: new PrefixPool(sessions, first.value, await onnxTitle(threads) ?? 'ONNX Runtime'), warnings: [] };
  for (const session of sessions) session.end();
  return first;
}

/** In memory that can go to another thread: Node keeps small ones together in a pool. */
const ownBytes = (model: Uint8Array): Uint8Array<ArrayBuffer> =>
  model.buffer instanceof ArrayBuffer && model.byteLength === model.buffer.byteLength ? new Uint8Array(model.buffer) : new Uint8Array(model);

/** Gives memory back at once, where the garbage collector would wait for more: what is sent to a closed port is dropped. */
function free(buffer: ArrayBuffer): void {
  const { port1 } = new MessageChannel();
  port1.close();
  port1.postMessage(undefined, [buffer]);
}

class PrefixPool implements Prefix {
  readonly title: string;
  /** One runs in each session, one waits behind it. */
  readonly lanes: number;
  readonly #sessions: readonly Session[];
  /** A prefix of those: they have the model. */
  readonly #opened: Session[];
  #disposed = false;

  /** The first of `sessions` is open; `model` is for the others. */
  constructor(sessions: readonly Session[], model: Uint8Array<ArrayBuffer>, title: string) {
    this.#sessions = sessions;
    this.#opened = sessions.slice(0, 1);
    this.lanes = 2 * sessions.length;
    this.title = title;
    void this.#openOthers(model);
  }

  /** One that cannot be opened leaves its work to those before it. */
  async #openOthers(model: Uint8Array<ArrayBuffer>): Promise<void> {
    for (const session of this.#sessions.slice(1)) {
      const opened = await session.open(model).catch(() => undefined);
      if (this.#disposed || !opened?.ok) return;
      this.#opened.push(session);
      model = opened.value;
    }
    free(model.buffer);
  }

  /** Takes `images` over: their memory goes to the thread that runs them. */
  run(images: Uint8Array | Float32Array, count: number): Promise<Float32Array> {
    return this.#opened.reduce((a, b) => b.waiting < a.waiting ? b : a).run(images, count);
  }

  dispose(): void {
    this.#disposed = true;
    for (const session of this.#sessions) session.end();
  }
}

interface Waiting {
  readonly resolve: (features: Float32Array) => void;
  readonly reject: (reason: Error) => void;
}

type Opened = Checked<Uint8Array<ArrayBuffer>>;

/** One worker thread; its runs are answered in their order. */
class Session {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #gone: Error | undefined;
  #opening: { readonly resolve: (opened: Opened) => void; readonly reject: (reason: Error) => void } | undefined;

  constructor(url: URL, setup: PrefixSetup) {
    this.#worker = new Worker(url, { workerData: setup });
    this.#worker.on('message', (message: FromPrefix) => {
      switch (message.type) {
        case 'opened': return this.#opening?.resolve({ ok: true, value: message.model, warnings: [] });
        case 'refused': return this.#opening?.resolve({ ok: false, errors: [message.diagnostic], warnings: [] });
        case 'done': return this.#waiting.shift()!.resolve(message.features);
        case 'failed': return this.#waiting.shift()!.reject(new Bug(`a frozen prefix failed: ${message.reason}`));
      }
    });
    this.#worker.on('error', (error) => this.#lost(error));
    this.#worker.on('exit', () => this.#lost(new Bug('the thread of a frozen prefix has ended')));
  }

  /** The thread is gone, and what it held with it. */
  #lost(error: Error): void {
    this.#gone ??= error;
    this.#opening?.reject(this.#gone);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#gone);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes `model` over, and gives it back. */
  open(model: Uint8Array<ArrayBuffer>): Promise<Opened> {
    if (this.#gone) return Promise.reject(this.#gone);
    this.#say({ type: 'open', model }, [model.buffer]);
    return new Promise((resolve, reject) => { this.#opening = { resolve, reject }; });
  }

  run(images: Uint8Array | Float32Array, count: number): Promise<Float32Array> {
    if (this.#gone) return Promise.reject(this.#gone);
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
