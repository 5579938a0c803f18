import { freemem } from 'node:os';
import { memoryBytes } from '../../base/environment.ts';

/** What a run may plan with: the rest is for the system, and for what no prediction sees. */
const share = 0.8;

/** Of the whole machine: for predictions, which shall not depend on what else runs just now. */
export const trainingMemory = (): number => share * memoryBytes();

/** What there is of it now, for this process. macOS calls memory free only when nothing at all lies in it, so there the whole counts. */
export const availableMemory = (): number =>
  process.platform === 'darwin' ? trainingMemory() : Math.min(trainingMemory(), share * (freemem() + process.memoryUsage.rss()));

/** The most that this process has had in memory so far. */
export const peakMemory = (): number => process.resourceUsage().maxRSS * 1024;
