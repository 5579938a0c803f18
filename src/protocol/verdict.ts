/** What is said about transfer, and what it rests on. Rules: docs/evidence.md; code: evidence/verdict.ts. */

/** In the order in which they run: what costs nothing first. */
export const controlKinds = ['blind', 'knn', 'linear-probe', 'random-features', 'scratch'] as const;

export type ControlKind = (typeof controlKinds)[number];

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
  /** Run − control, in percentage points, with its 95 % interval; where numbers are learnt, in points of the verdict's `spread`: + is nearer. */
  readonly gapPt: number;
  readonly lowPt: number;
  readonly highPt: number;
  /** Two-sided: exact McNemar of one seed (of numbers: sign flips), the crossed test over seeds and items of several (evidence/crossed.ts). */
  readonly p: number;
  /** Items only the run got right, items only the control got right (of numbers: on which it was nearer); over all seeds. */
  readonly onlyRun: number;
  readonly onlyControl: number;
  readonly items: number;
  readonly seeds: number;
  /** The difference of each seed, where there are several. */
  readonly bySeedPt?: readonly number[];
  /** Smallest gap (points) that these items could have shown. */
  readonly mdePt: number;
  /** Accuracy of both, judged at `step`; of several seeds, their mean. Of numbers, 1 − mean absolute error / spread. */
  readonly run: Share;
  readonly controlShare: Share;
  /** "matched": both judged at their best-validation checkpoint within the first `step` steps (the control's budget ended there). */
  readonly at: { readonly kind: 'end' } | { readonly kind: 'matched'; readonly step: number };
}

/** The run against the deciding control on the items of one class. */
export interface ClassGap {
  /** Class index. */
  readonly label: number;
  readonly items: number;
  readonly gapPt: number;
  readonly lowPt: number;
  readonly highPt: number;
  /** Adjusted for there being many classes (Holm). */
  readonly p: number;
}

export interface Verdict {
  readonly claim: Claim;
  /** The comparison the claim rests on; absent when nothing could be compared. */
  readonly against?: ControlKind;
  readonly comparisons: readonly Comparison[];
  /** Against `against`, the worst first; at most 20. */
  readonly classes?: readonly ClassGap[];
  /** Controls that were not run, each with its reason: never left unsaid. */
  readonly missing: readonly { readonly control: ControlKind; readonly why: string }[];
  /** Where numbers are learnt: how far off the best blind guess is on average, in their unit; a point is a hundredth of it. */
  readonly spread?: number;
  /** "Transfer helps (1 seed: likely)". */
  readonly headline: string;
  /** Two or three sentences with what, against what, n, seeds, p, interval, MDE, steps. */
  readonly words: string;
  /** What may have caused it, and what to do; the likeliest first. */
  readonly advice?: readonly Advice[];
}

export const causes = ['failed-run', 'preprocessing', 'over-freezing', 'distortion', 'source-mismatch', 'too-little-data', 'overfitting'] as const;

export interface Advice {
  readonly cause: (typeof causes)[number];
  /** `likely`: the numbers say so. `possible`: they would fit. */
  readonly strength: 'likely' | 'possible';
  /** What was seen, with its numbers, and what it suggests. */
  readonly words: string;
  readonly remedies: readonly Remedy[];
}

/** What one click does. */
export type Remedy =
  /** Values of the experiment file by dotted path, as they would be written there. */
  | { readonly type: 'edit'; readonly title: string; readonly edits: readonly { readonly path: string; readonly value: string }[] }
  /** A test that tells causes apart. */
  | { readonly type: 'control'; readonly title: string; readonly control: ControlKind }
  | { readonly type: 'confirm'; readonly title: string }
  /** A linear probe before all that the file trains: LP-FT. */
  | { readonly type: 'probe-first'; readonly title: string }
  /** Which backbone knows more of these photos. */
  | { readonly type: 'rank'; readonly title: string };
