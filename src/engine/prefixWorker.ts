/** Thread that runs a frozen prefix for engine/prefixPool.ts, one batch after the other. Its own bundle: dist/prefixWorker.mjs. */
import { parentPort, workerData } from 'node:worker_threads';
import { Bug } from '../base/bug.ts';
import { openPrefix } from './onnxPrefix.ts';
import type { FromPrefix, PrefixSetup, ToPrefix } from './prefixProtocol.ts';

if (!parentPort) throw new Bug('prefixWorker runs as a worker thread only');
const port = parentPort;
const { model, threads } = workerData as PrefixSetup;
const post = (message: FromPrefix, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

const opened = await openPrefix(model, { threads });
if (opened.ok) {
  const prefix = opened.value;
  let last = Promise.resolve();
  port.on('message', (message: ToPrefix) => {
    last = last.then(() => message.type === 'run' ? run(message) : end());
  });
  post({ type: 'opened' });

  async function run({ images, count }: ToPrefix & { type: 'run' }): Promise<void> {
    try {
      const features = new Float32Array(await prefix.run(images, count)); // a copy: the runtime's memory cannot change threads
      post({ type: 'done', features }, [features.buffer]);
    } catch (error) {
      post({ type: 'failed', reason: error instanceof Error ? error.stack ?? error.message : String(error) });
    }
  }

  function end(): void {
    prefix.dispose();
    port.close(); // nothing is left to do: the thread ends
  }
} else {
  post({ type: 'refused', diagnostic: opened.errors[0]! });
  port.close();
}
