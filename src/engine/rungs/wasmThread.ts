/** A thread of the WebAssembly engine: does its share of each product until the engine is disposed of. Its own bundle: dist/wasm/thread.mjs. */
import { parentPort, workerData } from 'node:worker_threads';
import { Bug } from '../../base/bug.ts';
import { instantiate, type ThreadSetup, type ThreadStart } from './wasmImports.ts';

if (!parentPort) throw new Bug('wasmThread runs as a worker thread only');
const { module, memory } = workerData as ThreadSetup, wasm = instantiate(module, memory);

/** Where musl's pthread structure, as Emscripten lays it out, has the thread's stack: its top, and its size in bytes. */
const stackAt = { top: 52, size: 56 };

parentPort.once('message', ({ thread, start, argument }: ThreadStart) => {
  wasm._emscripten_thread_init(thread, 0, 0, 1);
  const words = new Uint32Array(memory.buffer), top = words[(thread + stackAt.top) / 4]!, size = words[(thread + stackAt.size) / 4]!;
  wasm.emscripten_stack_set_limits(top, top - size);
  wasm.stackRestore(top);
  wasm._emscripten_tls_init();
  const result = (wasm.__indirect_function_table.get(start) as (argument: number) => number)(argument);
  wasm._emscripten_thread_exit(result); // the main thread waits for that when it ends the pool
});
parentPort.postMessage('ready');
