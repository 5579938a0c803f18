import type { RunEvent } from './runEvent.ts';
import type { ControlKind } from './verdict.ts';
import type { RunManifest } from './runManifest.ts';

/** Between the extension host and the dashboard page. Both sides guard what they receive (protocol/guards.ts). */
export const pageProtocol = 1;

/** One finished evaluation, for the confusion matrix and the mistakes. Paths are shown as text only. */
export interface PageResults {
  readonly classes: readonly string[];
  /** Row = true class, column = predicted class, counts over the test split. */
  readonly confusion: readonly (readonly number[])[];
  /** Wrong test items, most confident first, at most 24. `thumbnail` is a webview URI. */
  readonly mistakes: readonly PageMistake[];
  readonly differing?: PageDiffering;
}

/** Test items that only one of the run and its deciding control got right, at most 24 of each. */
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
  readonly label: number;
  /** What the one that is wrong has called it. */
  readonly called: number;
}

export interface PageMistake {
  readonly path: string;
  readonly thumbnail: string;
  readonly label: number;
  readonly predicted: number;
  readonly probability: number;
}

export interface PageRun {
  readonly manifest: RunManifest;
  readonly events: readonly RunEvent[];
}

export type ToPage =
  /** Everything, when the page is new or shown again. `controls`: the control runs of `run`. */
  | { readonly type: 'snapshot'; readonly protocol: number; readonly run: PageRun; readonly controls: readonly PageRun[]; readonly results?: PageResults }
  /** Events since the last message, in order; `runId` is the run's or one of its controls'. */
  | { readonly type: 'append'; readonly runId: string; readonly manifest: RunManifest; readonly events: readonly RunEvent[] }
  | { readonly type: 'results'; readonly results: PageResults };

export type FromPage =
  | { readonly type: 'ready'; readonly protocol: number }
  | { readonly type: 'stop' }
  | { readonly type: 'run-again' }
  /** Which one, the person is asked. */
  | { readonly type: 'add-control' }
  | { readonly type: 'confirm' }
  /** By their places in the verdict: what is done is what the verdict says, not what a page may send. */
  | { readonly type: 'remedy'; readonly advice: number; readonly remedy: number }
  | { readonly type: 'open-file'; readonly path: string }
  | { readonly type: 'open-plan' }
  | { readonly type: 'open-experiment' }
  | { readonly type: 'reveal-folder' }
  | { readonly type: 'page-error'; readonly message: string };
