/**
 * While a run trains beside (or after) its control: is it behind so far? Only a watch, never a claim: it looks at
 * validation accuracy at equal steps, and more than half of the runs that end well are behind at a tenth of their way.
 * It therefore needs a gap that is more than the noise of a few items, and clears itself when the run catches up.
 */

/** A validation at a step; accuracy 0…1. */
export interface Evaluation {
  readonly step: number;
  readonly accuracy: number;
}

export interface Behind {
  /** The evaluation at which the run fell behind and has not caught up since. */
  readonly sinceStep: number;
  /** Run − control at the latest step both have reached, in points (negative). */
  readonly gapPt: number;
}

/** Smaller gaps come and go. */
const watchPt = 2;

/**
 * Undefined when the run is not behind at the latest step that both have reached. Evaluations need not fall on the same
 * steps: the control's latest one at or before the run's is taken. Each list in order of steps.
 */
export function behindControl(run: readonly Evaluation[], control: readonly Evaluation[]): Behind | undefined {
  const reached = control.at(-1)?.step ?? -1;
  let behind: Behind | undefined, next = 0, known: Evaluation | undefined;
  for (const { step, accuracy } of run) {
    if (step > reached) break;
    while (next < control.length && control[next]!.step <= step) known = control[next++];
    if (known === undefined) continue;
    const gapPt = (accuracy - known.accuracy) * 100;
    behind = gapPt > -watchPt ? undefined : { sinceStep: behind?.sinceStep ?? step, gapPt };
  }
  return behind;
}
