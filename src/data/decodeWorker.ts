/**
 * Thread that opens files for data/prepare.ts, so that decoding and resizing go on while the main thread is inside ONNX
 * Runtime or TensorFlow. Its own bundle: dist/decodeWorker.mjs. Ends when it is terminated.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Bug } from '../base/bug.ts';
import { limited } from '../base/limited.ts';
import type { Checked } from '../protocol/diagnostic.ts';
import { decodeFile, openFile } from './prepareFile.ts';
import type { FileResult, FromWorker, ToWorker, WorkerSetup } from './workerProtocol.ts';

if (!parentPort) throw new Bug('decodeWorker runs as a worker thread only');
const port = parentPort;
type FileMessage = Extract<ToWorker, { type: 'file' }>;

const { input, asksFirst, decodesAtOnce } = workerData as WorkerSetup;

// Two gates, so that files are decoded in their order however late the answers come.
const opening = limited(2), decoding = limited(decodesAtOnce);
const answers = new Map<number, (decode: boolean) => void>();

port.on('message', (message: ToWorker) => {
  if (message.type === 'file') void prepare(message);
  else {
    answers.get(message.index)?.(message.decode);
    answers.delete(message.index);
  }
});

async function prepare({ index, path, views }: FileMessage): Promise<void> {
  try {
    const result = await resultOf(index, path, views);
    const images = result.ok && 'views' in result.value ? [...result.value.views.values()] : [];
    post({ type: 'done', index, result }, images.map(({ buffer }) => buffer));
  } catch (error) {
    post({ type: 'failed', index, reason: error instanceof Error ? error.stack ?? error.message : String(error) });
  }
}

async function resultOf(index: number, path: string, views: FileMessage['views']): Promise<Checked<FileResult>> {
  const opened = await opening(() => openFile(path));
  if (!opened.ok) return opened;
  const { sha256 } = opened.value;
  if (asksFirst && !await ask(index, sha256)) return { ok: true, value: { sha256 }, warnings: [] };
  return decoding(() => decodeFile(opened.value, input, views));
}

const ask = (index: number, sha256: string): Promise<boolean> => new Promise((resolve) => {
  answers.set(index, resolve);
  post({ type: 'asks', index, sha256 });
});

const post = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
