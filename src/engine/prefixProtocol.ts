import type { Diagnostic } from '../protocol/diagnostic.ts';

/** What engine/prefixPool.ts and engine/prefixWorker.ts say to each other. One program, one version: no guards. */
export interface PrefixSetup {
  /** Of each session. */
  readonly threads: number;
}

/** `open` comes first, with a model as onnxGraph writes it; runs are answered in their order. `end`: free the session and leave. */
export type ToPrefix =
  | { readonly type: 'open'; readonly model: Uint8Array<ArrayBuffer> }
  | { readonly type: 'run'; readonly images: Uint8Array | Float32Array; readonly count: number }
  | { readonly type: 'end' };

export type FromPrefix =
  /** The model comes back, for the next thread: its bytes lie in memory once, however many threads read them. */
  | { readonly type: 'opened'; readonly model: Uint8Array<ArrayBuffer> }
  /** ONNX Runtime cannot be loaded, or does not take the model. */
  | { readonly type: 'refused'; readonly diagnostic: Diagnostic }
  | { readonly type: 'done'; readonly features: Float32Array<ArrayBuffer> }
  | { readonly type: 'failed'; readonly reason: string };
