import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onnxGraph } from '../../../src/backbones/onnxGraph.ts';
import { openPrefix } from '../../../src/engine/onnxPrefix.ts';
import { openPrefixPool } from '../../../src/engine/prefixPool.ts';
import { tinyNetwork as network, tinyWeights } from '../../support/tinyNetwork.ts';

const worker = new URL('../../../src/engine/prefixWorker.js', import.meta.url);
const input = { normalise: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } } as const;
/** Anew for each: a pool takes it over. */
const model = (): Uint8Array => onnxGraph(network, tinyWeights(), input);
const imageBytes = network.input.reduce((product, length) => product * length);
const images = (first: number, count: number): Uint8Array => Uint8Array.from({ length: count * imageBytes }, (_, i) => (first * imageBytes + i) * 31 % 256);

test('batches side by side on several threads give what one session gives, each its own', async () => {
  const [one, pool] = [await openPrefix(model(), { threads: 1 }), await openPrefixPool(model(), { threads: 3, worker })];
  assert.ok(one.ok && pool.ok);
  assert.equal(pool.value.lanes, 6);
  assert.equal(pool.value.title.replace(/3 threads$/, '1 thread'), one.value.title);
  const sizes = [4, 1, 3, 4, 2, 4, 4, 1, 4, 2];
  const features = await Promise.all(sizes.map((count, i) => pool.value.run(images(7 * i, count), count)));
  for (const [i, count] of sizes.entries()) assert.deepEqual(features[i], await one.value.run(images(7 * i, count), count), `batch ${i}`);
  assert.notDeepEqual(features[1], features[7]);
  pool.value.dispose();
  one.value.dispose();
});

test('a model that ONNX Runtime does not take is a diagnostic, and no thread stays behind', async () => {
  const opened = await openPrefixPool(new Uint8Array(64).fill(7), { threads: 2, worker });
  assert.ok(!opened.ok);
  assert.equal(opened.errors[0]!.code, 'engine-failed');
  assert.match(opened.errors[0]!.message, /ONNX Runtime does not take the network/);
});

test('the bytes of a model go from thread to thread: they are copied for none, and nobody keeps them', async () => {
  const bytes = new Uint8Array(model());
  const telling = new URL('data:text/javascript,' + encodeURIComponent(`
    import { parentPort, threadId } from 'node:worker_threads';
    parentPort.on('message', (message) => {
      if (message.type === 'open') parentPort.postMessage({ type: 'opened', model: message.model }, [message.model.buffer]);
      if (message.type === 'run') parentPort.postMessage({ type: 'done', features: new Float32Array([threadId]) });
      if (message.type === 'end') parentPort.close();
    });`));
  const pool = await openPrefixPool(bytes, { threads: 3, worker: telling });
  assert.ok(pool.ok);
  assert.equal(bytes.length, 0, 'handed over, not copied');
  const threads = new Set<number>();
  for (let tries = 0; threads.size < 3 && tries < 1000; tries++) {
    for (const [id] of await Promise.all([1, 2, 3].map(() => pool.value.run(new Uint8Array(1), 1)))) threads.add(id!);
  }
  assert.equal(threads.size, 3, 'each thread came to have the model');
  pool.value.dispose();
});

test('a batch that does not fit the model rejects, and the next one is computed', async () => {
  const pool = await openPrefixPool(model(), { threads: 1, worker });
  assert.ok(pool.ok);
  await assert.rejects(pool.value.run(new Uint8Array(imageBytes + 1), 1), /are not 1 samples/);
  assert.ok((await pool.value.run(images(0, 1), 1)).length > 0);
  pool.value.dispose();
});

test('a thread that dies rejects what it held', async () => {
  const dying = new URL('data:text/javascript,' + encodeURIComponent(`
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', (message) => {
      if (message.type !== 'open') throw new Error('out of memory');
      parentPort.postMessage({ type: 'opened', model: message.model });
    });`));
  const pool = await openPrefixPool(model(), { threads: 1, worker: dying });
  assert.ok(pool.ok);
  await assert.rejects(Promise.all([pool.value.run(images(0, 1), 1), pool.value.run(images(1, 1), 1)]), /out of memory/);
});
