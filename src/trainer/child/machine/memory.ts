import { freemem } from 'node:os';
import { memoryBytes } from '../../../base/environment.ts';
import type { EngineFacts } from '../../../protocol/runEvent.ts';

/** What a run may plan with: the rest is for the system, and for what no prediction sees. */
const share = 0.8;

/** WebAssembly addresses no more, however much the machine has. */
const wasmBytes = 4 * 2 ** 30;

const limitOf = (engine: EngineFacts['name']): number => engine === 'wasm' ? wasmBytes : Infinity;

/** Of the whole machine: for predictions, which shall not depend on what else runs just now. */
export const trainingMemory = (engine: EngineFacts['name']): number => share * Math.min(memoryBytes(), limitOf(engine));

/** What there is of it now, for this process. macOS calls memory free only when nothing at all lies in it, so there the whole counts. */
export const availableMemory = (engine: EngineFacts['name']): number =>
  process.platform === 'darwin' ? trainingMemory(engine) : Math.min(trainingMemory(engine), share * (freemem() + process.memoryUsage.rss()));

/** The most that this process has had in memory so far. */
export const peakMemory = (): number => process.resourceUsage().maxRSS * 1024;
