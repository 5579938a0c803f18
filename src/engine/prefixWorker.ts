/** Thread that runs a frozen prefix for engine/prefixPool.ts, one batch after the other. Its own bundle: dist/prefixWorker.mjs. */
import { parentPort, workerData } from 'node:worker_threads';
import { Bug, assertNever } from '../base/bug.ts';
import { openPrefix, type Prefix } from './onnxPrefix.ts';
import type { FromPrefix, PrefixSetup, ToPrefix } from './prefixProtocol.ts';

if (!parentPort) throw new Bug('prefixWorker runs as a worker thread only');
const port = parentPort;
const { threads } = workerData as PrefixSetup;
const post = (message: FromPrefix, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

let prefix: Prefix | undefined;
let last = Promise.resolve();
port.on('message', (message: ToPrefix) => {
  last = last.then(() => {
    switch (message.type) {
      case 'open': return open(message.model);
      case 'run': return run(message.images, message.count);
      case 'end': return end();
      default: assertNever(message);
    }
  });
});

async function open(model: Uint8Array<ArrayBuffer>): Promise<void> {
  const opened = await openPrefix(model, { threads });
  if (opened.ok) {
    prefix = opened.value;
    post({ type: 'opened', model }, [model.buffer]);
  } else {
    post({ type: 'refused', diagnostic: opened.errors[0]! });
    end();
  }
}

async function run(images: Uint8Array | Float32Array, count: number): Promise<void> {
  try {
    if (!prefix) throw new Bug('no model was opened');
    const features = new Float32Array(await prefix.run(images, count)); // a copy: the runtime's memory cannot change threads
    post({ type: 'done', features }, [features.buffer]);
  } catch (error) {
    post({ type: 'failed', reason: error instanceof Error ? error.stack ?? error.message : String(error) });
  }
}

function end(): void {
  prefix?.dispose();
  port.close(); // nothing is left to do: the thread ends
}
