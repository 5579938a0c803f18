/**
 * What the C++ of tfjs's threaded binary asks of JavaScript, on the main thread and on the others alike. Emscripten's own
 * script for it is for pages: it starts eight threads however many are wanted, from a script that Node cannot load.
 */
import { Bug } from '../../base/bug.ts';

/** What we call of the binary; the kernels are among the others. */
export interface WasmExports {
  readonly __wasm_call_ctors: () => void;
  readonly __indirect_function_table: WebAssembly.Table;
  readonly _emscripten_thread_init: (thread: number, isMain: number, isMainRuntime: number, canBlock: number) => void;
  readonly _emscripten_tls_init: () => void;
  readonly _emscripten_thread_exit: (result: number) => void;
  readonly emscripten_stack_set_limits: (top: number, bottom: number) => void;
  readonly stackSave: () => number;
  readonly stackRestore: (stack: number) => void;
  readonly stackAlloc: (bytes: number) => number;
  readonly malloc: (bytes: number) => number;
  readonly free: (pointer: number) => void;
  readonly [kernel: string]: unknown;
}

/** 4 GiB less a page, so that no length overflows 32 bits. */
export const mostBytes = 2 ** 32 - 2 ** 16;
const pageBytes = 2 ** 16;

/** 65,536 pages at most: reserved, not taken. */
export const newMemory = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: 256, maximum: 2 ** 32 / pageBytes, shared: true });

const error = { tryAgain: 6 };

/**
 * The binary, ready to be called, with `memory` for its own. startThread: has a thread call function `start` of the table
 * with `argument`; undefined on threads, which start none.
 */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory, startThread?: (thread: ThreadStart) => boolean): WasmExports {
  const never = (name: string) => (): never => { throw new Bug(`the WebAssembly engine calls ${name}`); };
  const named = (...names: readonly string[]): Record<string, () => never> => Object.fromEntries(names.map((name) => [name, never(name)]));
  const env = {
    memory,
    emscripten_num_logical_cores: () => 2 ** 10, // it takes half of them at most: whoever starts it knows how many
    emscripten_get_now: () => performance.now(),
    emscripten_memcpy_big: (to: number, from: number, bytes: number) => { new Uint8Array(memory.buffer).copyWithin(to >>> 0, from >>> 0, (from >>> 0) + (bytes >>> 0)); },
    emscripten_get_heap_max: () => mostBytes,
    emscripten_resize_heap: (bytes: number) => grow(memory, bytes >>> 0) ? 1 : 0,
    emscripten_check_blocking_allowed: () => undefined,
    _emscripten_default_pthread_stack_size: () => pageBytes,
    __emscripten_init_main_thread_js: (thread: number) => {
      exported._emscripten_thread_init(thread, 1, 1, 1);
      exported._emscripten_tls_init();
    },
    __pthread_create_js: (thread: number, _attributes: number, start: number, argument: number) => startThread?.({ thread, start, argument }) ? 0 : error.tryAgain,
    __emscripten_thread_cleanup: () => undefined,
    ...named('abort', 'exit', 'emscripten_unwind_to_js_event_loop', 'emscripten_receive_on_main_thread_js', '_emscripten_set_offscreencanvas_size', '_emscripten_notify_task_queue'),
  };
  const exported = new WebAssembly.Instance(module, { env, wasi_snapshot_preview1: named('fd_close', 'fd_write', 'fd_seek') }).exports as WasmExports;
  return exported;
}

export interface ThreadStart {
  /** Where the C++ keeps what it knows of the thread. */
  readonly thread: number;
  readonly start: number;
  readonly argument: number;
}

export interface ThreadSetup {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

/** To `bytes` at least, with a fifth of what there is (100 MB at most) to spare, or with less where that is not to be had. */
function grow(memory: WebAssembly.Memory, bytes: number): boolean {
  const before = memory.buffer.byteLength;
  for (const spare of [0.2, 0.1, 0.05, 0]) {
    const after = Math.min(mostBytes, Math.ceil(Math.max(bytes, Math.min(before * (1 + spare), bytes + 1e8)) / pageBytes) * pageBytes);
    if (after < bytes) return false;
    try {
      memory.grow((after - before) / pageBytes);
      return true;
    } catch { /* a smaller step may do */ }
  }
  return false;
}
