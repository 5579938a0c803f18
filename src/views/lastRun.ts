import type { ModelRun } from './runModel.ts';

export interface LastRun {
  readonly run: ModelRun;
  /** It was started from the very text that stands there now, but for line ends. */
  readonly isSame: boolean;
}

/** The newest run of this very text; else the newest run of this file, which said something else then. `runs`: newest first. */
export function lastRunOf(runs: readonly ModelRun[], file: string, text: string, textOf: (run: ModelRun) => string | undefined): LastRun | undefined {
  const own = runs.filter(({ manifest }) => manifest.experimentFile === file), plain = withoutReturns(text);
  const same = own.find((run) => withoutReturns(textOf(run) ?? '') === plain);
  if (same) return { run: same, isSame: true };
  return own[0] && { run: own[0], isSame: false };
}

const withoutReturns = (text: string): string => text.replaceAll('\r\n', '\n');
