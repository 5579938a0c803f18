/**
 * Thread that opens files for data/prepare.ts, so that decoding and resizing go on while the main thread is inside ONNX
 * Runtime or TensorFlow. Its own bundle: dist/decodeWorker.mjs. Ends when its port is closed.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Bug } from '../base/bug.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './workerProtocol.ts';
import { prepareFile } from './prepareFile.ts';

if (!parentPort) throw new Bug('decodeWorker runs as a worker thread only');
const port = parentPort;
const { input, views, asksFirst, atOnce } = workerData as WorkerSetup;

const waiting: { readonly index: number; readonly path: string }[] = [];
const answers = new Map<number, (decode: boolean) => void>();
let active = 0;

port.on('message', (message: ToWorker) => {
  if (message.type === 'answer') {
    answers.get(message.index)?.(message.decode);
    answers.delete(message.index);
  } else {
    waiting.push(message);
    startWaiting();
  }
});

function startWaiting(): void {
  for (let next = waiting[0]; next && active < atOnce; next = waiting[0]) {
    waiting.shift();
    active++;
    void prepare(next.index, next.path);
  }
}

async function prepare(index: number, path: string): Promise<void> {
  const wanted = (sha256: string): boolean | Promise<boolean> => asksFirst ? ask(index, sha256) : true;
  try {
    const result = await prepareFile(path, input, views, wanted);
    const images = result.ok ? [...result.value.views?.values() ?? []] : [];
    post({ type: 'done', index, result }, [...new Set(images.map(({ buffer }) => buffer))]);
  } catch (error) {
    post({ type: 'failed', index, reason: error instanceof Error ? error.stack ?? error.message : String(error) });
  } finally {
    active--;
    startWaiting();
  }
}

/** While the question is under way, the next file is opened. */
async function ask(index: number, sha256: string): Promise<boolean> {
  active--;
  startWaiting();
  const decode = await new Promise<boolean>((resolve) => {
    answers.set(index, resolve);
    post({ type: 'asks', index, sha256 });
  });
  active++;
  return decode;
}

const post = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
