import type { Diagnostic } from '../protocol/diagnostic.ts';

/** What engine/prefixPool.ts and engine/prefixWorker.ts say to each other. One program, one version: no guards. */
export interface PrefixSetup {
  /** As onnxGraph writes it. */
  readonly model: Uint8Array;
  /** Of each session. */
  readonly threads: number;
}

/** Runs are answered in their order. `end`: free the session and leave. */
export type ToPrefix = { readonly type: 'run'; readonly images: Uint8Array | Float32Array; readonly count: number } | { readonly type: 'end' };

export type FromPrefix =
  | { readonly type: 'opened' }
  /** ONNX Runtime cannot be loaded, or does not take the model. */
  | { readonly type: 'refused'; readonly diagnostic: Diagnostic }
  | { readonly type: 'done'; readonly features: Float32Array<ArrayBuffer> }
  | { readonly type: 'failed'; readonly reason: string };
