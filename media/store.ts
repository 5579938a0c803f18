import type { PageHint, PageResults, PageRun, ToPage } from '../src/protocol/pageMessages.ts';
import type { SweepRow } from '../src/protocol/sweep.ts';
import type { RunManifest } from '../src/protocol/runManifest.ts';
import { isControlOf } from '../src/protocol/isControlOf.ts';
import { initialRun, reduceRun, type RunState } from '../src/protocol/reduceRun.ts';

/** Everything the page shows. Built by folding the same events, with the same reducer, as trees and terminal. */
export interface PageState {
  readonly run: FollowedRun;
  /** Control runs of `run`, in the order they were started. */
  readonly controls: readonly FollowedRun[];
  readonly results?: PageResults;
  /** The runs that were made together with this one. */
  readonly sweep?: readonly SweepRow[];
  readonly hints?: readonly PageHint[];
}

export interface FollowedRun {
  readonly manifest: RunManifest;
  readonly state: RunState;
}

/** `state` after a message from the extension host. Undefined until the first snapshot. */
export function apply(state: PageState | undefined, message: ToPage): PageState | undefined {
  switch (message.type) {
    case 'snapshot': return {
      run: followed(message.run),
      controls: message.controls.map(followed),
      ...(message.results && { results: message.results }), ...(message.sweep && { sweep: message.sweep }),
      ...(message.hints && { hints: message.hints }),
    };
    case 'append': return state && appended(state, message);
    case 'results': return state && { ...state, results: message.results };
    case 'sweep': return state && { ...state, sweep: message.rows };
    case 'hints': return state && { ...state, hints: message.hints };
  }
}

function appended(state: PageState, { runId, manifest, events }: ToPage & { readonly type: 'append' }): PageState {
  const advanced = (run: FollowedRun): FollowedRun => ({ manifest, state: events.reduce(reduceRun, run.state) });
  if (state.run.manifest.id === runId) return { ...state, run: advanced(state.run) };
  const known = state.controls.some((control) => control.manifest.id === runId);
  const controls = known ? state.controls : [...state.controls, followed({ manifest, events: [] })];
  return { ...state, controls: controls.map((control) => (control.manifest.id === runId ? advanced(control) : control)) };
}

/** What is drawn: a control of an earlier run is gone when the run, trained, has its own. */
export const shown = (state: PageState): PageState => ({ ...state, controls: state.controls.filter(({ manifest }) => isControlOf(manifest, state.run.manifest, state.run.state)) });

const followed = ({ manifest, events }: PageRun): FollowedRun => ({ manifest, state: events.reduce(reduceRun, initialRun(manifest)) });
