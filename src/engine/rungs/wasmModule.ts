/** tfjs's threaded WebAssembly binary in plain Node, as `BackendWasm` expects it from Emscripten. */
import { Worker } from 'node:worker_threads';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { Disposable } from '../../base/owner.ts';
import { bytes } from '../../base/units.ts';
import { instantiate, mostBytes, newMemory, type ThreadSetup, type WasmExports } from './wasmImports.ts';

export type WasmModule = BackendWasm['wasm'] & Disposable & {
  /** A function of the binary; arrays are put on its stack for the call. */
  cwrap(name: string, result: 'number' | null, parameters: readonly ('number' | 'array')[]): unknown;
};

/** Threads: this one and `threads` − 1 more, which wait for work without keeping the process alive. */
export async function startWasm(binary: Uint8Array, threads: number, thread: URL): Promise<WasmModule> {
  const module = await WebAssembly.compile(binary), memory = newMemory();
  const workers = Array.from({ length: threads - 1 }, () => new Worker(thread, { workerData: { module, memory } satisfies ThreadSetup }));
  const end = (): void => { for (const worker of workers) void worker.terminate(); };
  await Promise.all(workers.map(ready)).catch((error: unknown) => {
    end();
    throw error;
  });
  const idle = [...workers];
  const wasm = instantiate(module, memory, (start) => {
    const worker = idle.pop();
    worker?.postMessage(start);
    return worker !== undefined;
  });
  wasm.__wasm_call_ctors();
  return asModule(wasm, memory, threads, end);
}

/** The C++ waits for its threads without returning to Node, so they have to be there before it asks for them. */
function ready(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject).once('message', () => {
      worker.off('error', reject); // from now on nobody expects one: it ends the process, and is told
      worker.unref();
      resolve();
    });
  });
}

/** Where there is no room the binary's own gives 0, and tfjs would write there; 4 GiB and more it takes for the rest of a division. */
function room(malloc: WasmExports['malloc'], length: number): number {
  const at = length < mostBytes ? malloc(length) : 0;
  if (at === 0) throw new RangeError(`allocation failed: ${bytes(length)} more are not to be had: WebAssembly addresses 4 GiB`);
  return at;
}

function asModule(wasm: WasmExports, memory: WebAssembly.Memory, threads: number, dispose: () => void): WasmModule {
  let heap = new Uint8Array(memory.buffer);
  const heapNow = (): Uint8Array => {
    if (heap.buffer !== memory.buffer) heap = new Uint8Array(memory.buffer); // it has grown
    return heap;
  };
  const cwrap: WasmModule['cwrap'] = (name, _result, parameters) => {
    const called = wasm[name] as (...values: readonly number[]) => number;
    if (!parameters.includes('array')) return called;
    return (...values: readonly (number | Uint8Array)[]) => {
      const stack = wasm.stackSave();
      const result = called(...values.map((value) => typeof value === 'object' ? onStack(value) : value));
      wasm.stackRestore(stack);
      return result;
    };
  };
  const onStack = (values: Uint8Array): number => {
    const at = wasm.stackAlloc(values.length) >>> 0;
    heapNow().set(values, at);
    return at;
  };
  const tfjs = {
    init: cwrap('init', null, []),
    initWithThreadsCount: () => (wasm['init_with_threads_count'] as (threads: number) => void)(threads), // BackendWasm asks for tfjs's own default
    getThreadsCount: cwrap('get_threads_count', 'number', []),
    registerTensor: cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: cwrap('dispose_data', null, ['number']),
    dispose: cwrap('dispose', null, []),
  };
  return {
    get HEAPU8() { return heapNow(); },
    _malloc: (length: number) => room(wasm.malloc, length),
    _free: wasm.free,
    cwrap, tfjs, dispose,
  } as unknown as WasmModule;
}
