import type { RunManifest } from './runManifest.ts';
import type { RunState } from './reduceRun.ts';

/** Whether a control stands with a run: its own, or an earlier run's that it took over or, while it trains, is watched against. */
export function isControlOf({ id, controlOf }: Pick<RunManifest, 'id' | 'controlOf'>, run: Pick<RunManifest, 'id'>, { controls, watchedAgainst = [] }: Pick<RunState, 'controls' | 'watchedAgainst'>): boolean {
  return controlOf === run.id || [...controls, ...watchedAgainst].some(({ runId }) => runId === id);
}
