/** What is said about transfer, and what it rests on. Rules: docs/evidence.md; code: evidence/verdict.ts. */

export type ControlKind = 'blind' | 'knn' | 'random-features' | 'scratch';

export type Claim = 'helps' | 'hurts' | 'not-shown' | 'not-assessed';

/** A share of `items` with its 95 % interval (Wilson), all 0…1. */
export interface Share {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly correct: number;
  readonly items: number;
}

/** How good a network is on some items. */
export interface Score {
  /** Share that is right (in all its labels); where numbers are learnt R², whose share of right ones is none. */
  readonly accuracy: Share;
  /** What else says so: `meanAveragePrecision`, `microF1`, `macroF1`; `meanAbsoluteError`, `rootMeanSquaredError` in the target's unit. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** Run against one control, on the same held-out items. */
export interface Comparison {
  readonly control: ControlKind;
  readonly claim: Claim;
  /** Run − control, in percentage points, with its 95 % interval. */
  readonly gapPt: number;
  readonly lowPt: number;
  readonly highPt: number;
  /** Two-sided exact McNemar. */
  readonly p: number;
  /** Items only the run got right, items only the control got right. */
  readonly onlyRun: number;
  readonly onlyControl: number;
  readonly items: number;
  readonly seeds: number;
  /** Smallest gap (points) that these items could have shown. */
  readonly mdePt: number;
  /** Accuracy of both, judged at `step`. */
  readonly run: Share;
  readonly controlShare: Share;
  /** "matched": both judged at their best-validation checkpoint within the first `step` steps (the control's budget ended there). */
  readonly at: { readonly kind: 'end' } | { readonly kind: 'matched'; readonly step: number };
}

export interface Verdict {
  readonly claim: Claim;
  /** The comparison the claim rests on; absent when nothing could be compared. */
  readonly against?: ControlKind;
  readonly comparisons: readonly Comparison[];
  /** Controls that were not run, each with its reason: never left unsaid. */
  readonly missing: readonly { readonly control: ControlKind; readonly why: string }[];
  /** "Transfer helps (1 seed: likely)". */
  readonly headline: string;
  /** Two or three sentences with what, against what, n, seeds, p, interval, MDE, steps. */
  readonly words: string;
}
