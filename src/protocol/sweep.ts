/** Runs that one file made (`variants`, `seeds`), put together: what page, tree and terminal show of them. Rules: docs/evidence.md. */

/** Of the seeds of a variant: their mean, and their standard deviation where they are several. */
export interface Spread {
  readonly mean: number;
  readonly deviation?: number;
}

export interface SweepRow {
  /** Empty where the runs differ by their seeds alone. */
  readonly name: string;
  /** Ids of its runs, in the order in which they run. */
  readonly runs: readonly string[];
  /** How many of them have been tested. */
  readonly tested: number;
  readonly validationLoss?: Spread;
  readonly validation?: Spread;
  readonly test?: Spread;
  /** Best on validation: choosing by the test would spoil it. */
  readonly isBest: boolean;
  /** Against the best, on the same test items; left out of the best, and where they cannot be compared. */
  readonly gap?: SweepGap;
}

export interface SweepGap {
  /** This one − the best, in points, with its 95 % interval. */
  readonly gapPt: number;
  readonly lowPt: number;
  readonly highPt: number;
  /** Two-sided, adjusted for the number of variants (Holm). */
  readonly p: number;
  readonly items: number;
  /** A difference by the rules of the verdict. */
  readonly isShown: boolean;
}
