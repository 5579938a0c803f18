import { hasEnded } from '../protocol/hasEnded.ts';
import { scoreText as textOf } from '../protocol/wording.ts';
import type { RunManifest, RunStatus } from '../protocol/runManifest.ts';
import type { Claim } from '../protocol/verdict.ts';
import type { RunState } from '../protocol/reduceRun.ts';
import { runFailures } from '../protocol/runFailures.ts';
import { watchText } from '../protocol/behindControl.ts';

/** How a run looks in trees, status bar and notifications: words and codicons, total over what can be. */
export interface Look {
  readonly words: string;
  /** A codicon's name. */
  readonly icon: string;
  /** A theme colour's id. */
  readonly colour?: string;
}

export const statusLook: { readonly [S in RunStatus]: Look } = {
  queued: { words: 'queued', icon: 'watch' },
  preparing: { words: 'preparing', icon: 'loading~spin', colour: 'charts.blue' },
  training: { words: 'training', icon: 'loading~spin', colour: 'charts.blue' },
  judging: { words: 'trained, controls run', icon: 'beaker', colour: 'charts.blue' },
  finished: { words: 'finished', icon: 'pass', colour: 'testing.iconPassed' },
  stopped: { words: 'stopped', icon: 'debug-stop', colour: 'testing.iconSkipped' },
  failed: { words: 'failed', icon: 'error', colour: 'testing.iconFailed' },
  killed: { words: 'killed', icon: 'error', colour: 'testing.iconFailed' },
  crashed: { words: 'crashed', icon: 'error', colour: 'testing.iconFailed' },
};

/** A run that is behind a control so far, or that may come to nothing. */
export const watchLook: Pick<Look, 'icon' | 'colour'> = { icon: 'eye', colour: 'problemsWarningIcon.foreground' };

/** Why it looks so, a line each: they come and go with their reasons. */
export function watchLines(state: RunState, controls: Parameters<typeof watchText>[1]): readonly string[] {
  const behind = watchText(state, controls);
  return [...behind === undefined ? [] : [`Watch: ${behind}`], ...runFailures(state).map(({ message }) => `Warning: ${message}`)];
}

/** A finished run's verdict outweighs that it finished. */
export const claimLook: { readonly [C in Claim]: Look } = {
  helps: { words: 'transfer helps', icon: 'pass-filled', colour: 'testing.iconPassed' },
  hurts: { words: 'transfer hurts', icon: 'triangle-down', colour: 'testing.iconFailed' },
  'not-shown': { words: 'no difference shown', icon: 'pass' },
  'not-assessed': { words: 'transfer not assessed', icon: 'pass' },
};

export const isLive = (status: RunStatus): boolean => !hasEnded(status);

export const lookOf = ({ status, claim }: RunManifest): Look =>
  status === 'finished' && claim ? claimLook[claim] : statusLook[status];

/** The one number that says how good a run is: test accuracy, else best validation accuracy so far. */
export function scoreText({ test, best, task }: RunManifest): string | undefined {
  if (test) return textOf(test.value, task);
  return best && `${textOf(best.validationAccuracy, task)} validation`;
}
