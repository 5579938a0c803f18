import { availableParallelism } from 'node:os';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Hub } from '../../hub/hub.ts';

/** Where the installed product keeps what the trainer needs, and what the computer has. Paths are absolute folders. */
export interface Machine {
  /** Cards' weights. */
  readonly backbones: string;
  /** The WebAssembly engine's binary, and the program of its threads. */
  readonly wasm: string;
  /** Our binding to TensorFlow, by platform. */
  readonly bindings: string;
  /** The user's cache: native engines, fetched weights, measured rates. */
  readonly cache: string;
  /** Where weights are fetched from that are not in the cache. */
  readonly hub: Hub;
  readonly threads: number;
  /** Of Thaw. */
  readonly version: string;
}

/** `bundle`: URL of the running bundle, dist/trainer.mjs or dist/cli.mjs; everything else lies beside it. */
export const machineOf = (bundle: string, cache: string, hub: Hub): Machine => ({
  backbones: fileURLToPath(new URL('../backbones', bundle)),
  wasm: fileURLToPath(new URL('./wasm/', bundle)),
  bindings: fileURLToPath(new URL('./binding', bundle)),
  cache,
  hub,
  threads: availableParallelism(),
  version: (JSON.parse(readFileSync(new URL('../package.json', bundle), 'utf8')) as { version: string }).version,
});
