import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Bug, assertNever } from '../base/bug.ts';
import type { CardInput } from '../backbones/card.ts';
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import { extensionOf, isUsualExtension } from './contentType.ts';
import type { Views } from './prepareFile.ts';
import type { FileFacts, FoundFile, Scan, View } from './sample.ts';
import type { FileResult, FromWorker, ToWorker, WorkerSetup } from './workerProtocol.ts';

/** A file as it comes out: with its facts (and its views, unless its content was known), or with what is wrong. */
export type Prepared =
  | { readonly file: FoundFile; readonly facts: FileFacts; readonly views?: Views }
  | { readonly file: FoundFile; readonly problem: Diagnostic };

export interface PrepareOptions {
  /** Facts of this content, when it need not be decoded again. */
  readonly known?: (sha256: string) => FileFacts | undefined;
  readonly signal?: AbortSignal;
  /** Worker threads. */
  readonly concurrency?: number;
  /** The bundled worker. */
  readonly worker?: URL;
}

/** Files handed out ahead of the consumer: enough for the longest time that it blocks its thread. */
const mostAhead = 96;
/** So that 96 large photos are not in memory at once. */
const mostAheadBytes = 96 * 1024 * 1024;
const decodesAtOnce = 3;

/**
 * Opens each file of `scan` once, in its order, on worker threads that run ahead of the consumer. Ends early, without an
 * error, when `signal` aborts. views: of every file, or of each by its place. Diagnostics name the file by its id.
 */
export async function* prepared(
  scan: Pick<Scan, 'folder' | 'files'>, input: CardInput, views: readonly View[] | ((index: number) => readonly View[]),
  { known, signal, concurrency = defaultConcurrency(), worker = new URL('./decodeWorker.mjs', import.meta.url) }: PrepareOptions = {},
): AsyncGenerator<Prepared> {
  const { files } = scan, viewsOf = typeof views === 'function' ? views : () => views;
  const pool = new WorkerPool(worker, Math.min(concurrency, files.length), { input, asksFirst: known !== undefined, decodesAtOnce }, (sha256) => !known?.(sha256));
  const onAbort = (): void => void pool.end();
  signal?.addEventListener('abort', onAbort);
  try {
    const ahead: Promise<Outcome>[] = [];
    let handedOut = 0, aheadBytes = 0;
    for (const file of files) {
      while (handedOut < files.length && ahead.length < mostAhead && (ahead.length === 0 || aheadBytes < mostAheadBytes)) {
        const next = files[handedOut]!;
        ahead.push(pool.prepare(handedOut, resolve(scan.folder, next.id), viewsOf(handedOut++)));
        aheadBytes += next.sizeBytes;
      }
      const result = await ahead.shift();
      aheadBytes -= file.sizeBytes;
      if (result === undefined || result === 'ended' || signal?.aborted) return;
      if (result instanceof Error) throw result;
      yield preparedOf(file, result, known);
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await pool.end();
  }
}

/** ONNX Runtime takes all cores too, and decoding costs about a fifth of it. */
const defaultConcurrency = (): number => Math.max(1, Math.ceil(availableParallelism() / 4));

function preparedOf(file: FoundFile, result: Checked<FileResult>, known: PrepareOptions['known']): Prepared {
  if (!result.ok) return { file, problem: { ...result.errors[0]!, where: { file: file.id } } };
  const { value } = result;
  if ('views' in value) return { file, facts: locatedIn(file, value.facts), views: value.views };
  const facts = known?.(value.sha256);
  if (!facts) throw new Bug(`facts of ${value.sha256} were known and are not any more`);
  return { file, facts: locatedIn(file, facts) };
}

/** Facts are kept by content; a place and a wrong extension belong to the file. */
function locatedIn({ id }: FoundFile, facts: FileFacts): FileFacts {
  const extension = extensionOf(id);
  const mismatch: Diagnostic[] = isUsualExtension(facts.format, extension) ? [] : [{
    code: 'extension-mismatch', severity: 'information',
    message: `the content is ${facts.format}, ${extension === '' ? 'the name has no extension' : `the name says ${extension}`}: used`,
  }];
  return { ...facts, notes: [...facts.notes, ...mismatch].map((note) => ({ ...note, where: { file: id } })) };
}

/** Never a rejection: nobody may be waiting yet for a file that was handed out ahead. */
type Outcome = Checked<FileResult> | 'ended' | Error;

interface Thread {
  readonly worker: Worker;
  jobs: number;
}

interface Job {
  readonly thread: Thread;
  readonly resolve: (outcome: Outcome) => void;
}

class WorkerPool {
  readonly #threads: readonly Thread[];
  readonly #jobs = new Map<number, Job>();
  readonly #wanted: (sha256: string) => boolean;

  constructor(url: URL, threads: number, setup: WorkerSetup, wanted: (sha256: string) => boolean) {
    this.#wanted = wanted;
    this.#threads = Array.from({ length: threads }, () => this.#started(new Worker(url, { workerData: setup })));
  }

  /** Opens a file on the thread that has least to do. */
  prepare(index: number, path: string, views: readonly View[]): Promise<Outcome> {
    const thread = this.#threads.reduce((a, b) => b.jobs < a.jobs ? b : a);
    thread.jobs++;
    say(thread.worker, { type: 'file', index, path, views });
    return new Promise((resolve) => this.#jobs.set(index, { thread, resolve }));
  }

  async end(): Promise<void> {
    this.#settleAll('ended');
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #started(worker: Worker): Thread {
    worker.on('message', (message: FromWorker) => this.#heard(worker, message));
    worker.on('error', (error) => this.#settleAll(error)); // what a broken thread held is lost, and so is the run
    return { worker, jobs: 0 };
  }

  #heard(worker: Worker, message: FromWorker): void {
    switch (message.type) {
      case 'asks': return say(worker, { type: 'answer', index: message.index, decode: this.#wanted(message.sha256) });
      case 'done': return this.#settle(message.index, message.result);
      case 'failed': return this.#settle(message.index, new Bug(`decoding failed: ${message.reason}`));
      default: assertNever(message);
    }
  }

  #settle(index: number, outcome: Outcome): void {
    const job = this.#jobs.get(index);
    if (!job) return; // ended meanwhile
    this.#jobs.delete(index);
    job.thread.jobs--;
    job.resolve(outcome);
  }

  #settleAll(outcome: Outcome): void {
    for (const index of [...this.#jobs.keys()]) this.#settle(index, outcome);
  }
}

const say = (worker: Worker, message: ToWorker): void => worker.postMessage(message);
