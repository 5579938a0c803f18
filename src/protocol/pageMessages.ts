import type { RateTest } from './answers.ts';
import type { RunEvent } from './runEvent.ts';
import type { ControlKind } from './verdict.ts';
import type { RunManifest } from './runManifest.ts';
import type { SweepRow } from './sweep.ts';

/** Between the extension host and the dashboard page. Both sides guard what they receive (protocol/guards.ts). */
export const pageProtocol = 1;

/** One finished evaluation. Paths are shown as text only. */
export interface PageResults {
  readonly classes: readonly string[];
  /** Row = true class, column = predicted class, counts over the test split. Empty where a photo has not just one class. */
  readonly confusion: readonly (readonly number[])[];
  /** Of `image-multi-label`: each label, the least well told first. */
  readonly labels?: readonly PageLabel[];
  /** Of `image-regression`: what it is, what was predicted, item by item. */
  readonly numbers?: readonly PageNumber[];
  /** Wrong test items (of numbers, all), the worst first, at most 24. `thumbnail` is a webview URI. */
  readonly mistakes: readonly PageMistake[];
  /** How many there are. */
  readonly mistaken: number;
  readonly differing?: PageDiffering;
}

/** Test items that only one of the run and its deciding control got right (of numbers: on which it was nearer, the largest differences first), at most 24 of each. */
export interface PageDiffering {
  readonly control: ControlKind;
  readonly fixed: readonly PageItem[];
  readonly broken: readonly PageItem[];
  readonly onlyRun: number;
  readonly onlyControl: number;
}

export interface PageItem {
  readonly path: string;
  readonly thumbnail: string;
  readonly right: string;
  /** What the one that is wrong, or farther off, has called it. */
  readonly wrong: string;
}

/** A photo whose label the run doubted before it trained. */
export interface PageHint {
  readonly path: string;
  readonly thumbnail: string;
  /** What was seen, and what to do about it. */
  readonly words: string;
}

export interface PageMistake {
  readonly path: string;
  readonly thumbnail: string;
  /** What it is, what was said of it, and how sure that was or how far off. */
  readonly right: string;
  readonly wrong: string;
  readonly how: string;
}

export interface PageLabel {
  readonly label: string;
  readonly averagePrecision: number;
  readonly f1: number;
  readonly items: number;
}

export interface PageNumber {
  readonly target: number;
  readonly predicted: number;
}

export interface PageRun {
  readonly manifest: RunManifest;
  readonly events: readonly RunEvent[];
}

export type ToPage =
  /** Everything, when the page is new or shown again. `controls`: the control runs of `run`. */
  | { readonly type: 'snapshot'; readonly protocol: number; readonly run: PageRun; readonly controls: readonly PageRun[]; readonly results?: PageResults; readonly sweep?: readonly SweepRow[]; readonly hints?: readonly PageHint[] }
  /** Events since the last message, in order; `runId` is the run's or one of its controls'. */
  | { readonly type: 'append'; readonly runId: string; readonly manifest: RunManifest; readonly events: readonly RunEvent[] }
  | { readonly type: 'results'; readonly results: PageResults }
  /** The runs that were made together with this one, when one of them has news. */
  | { readonly type: 'sweep'; readonly rows: readonly SweepRow[] }
  | { readonly type: 'hints'; readonly hints: readonly PageHint[] };

export type FromPage =
  | { readonly type: 'ready'; readonly protocol: number }
  | { readonly type: 'stop' }
  | { readonly type: 'run-again' }
  | { readonly type: 'resume' }
  /** Which one, the person is asked. */
  | { readonly type: 'add-control' }
  | { readonly type: 'confirm' }
  /** By their places in the verdict: what is done is what the verdict says, not what a page may send. */
  | { readonly type: 'remedy'; readonly advice: number; readonly remedy: number }
  | { readonly type: 'open-file'; readonly path: string }
  /** Where in a photo that it was shown the run sees what it says. */
  | { readonly type: 'explain'; readonly path: string }
  | { readonly type: 'open-plan' }
  /** Of the sweep. */
  | { readonly type: 'open-run'; readonly runId: string }
  | { readonly type: 'open-experiment' }
  | { readonly type: 'reveal-folder' }
  | { readonly type: 'page-error'; readonly message: string };

/** To the page of a learning-rate test. `rate`: what the file says now; absent while it cannot be read. */
export interface ToRates {
  readonly type: 'rates';
  readonly test: RateTest;
  readonly rate?: number;
}

export type FromRates =
  | { readonly type: 'ready' }
  /** Write it into the file. */
  | { readonly type: 'use-rate'; readonly rate: number }
  | { readonly type: 'test-again' }
  | { readonly type: 'open-experiment' }
  | { readonly type: 'page-error'; readonly message: string };
