import type { Disposable } from '../base/owner.ts';
import type { PageHint, PageResults, PageRun, ToPage } from '../protocol/pageMessages.ts';
import { pageProtocol } from '../protocol/pageMessages.ts';
import type { RunId } from '../protocol/runManifest.ts';
import type { SweepRow } from '../protocol/sweep.ts';
import { Throttle } from './throttle.ts';

/** What the feed reads: a run and its controls, their events only ever growing at the end. */
export interface FeedSource {
  runOf(id: RunId): PageRun | undefined;
  controlsOf(id: RunId): readonly PageRun[];
  resultsOf(id: RunId): PageResults | undefined;
  /** The same list while nothing in it changes. */
  sweepOf(id: RunId): readonly SweepRow[] | undefined;
  /** The same list as long as nothing is new. */
  hintsOf(id: RunId): readonly PageHint[] | undefined;
}

/** A page needs no more to look live, and ten thousand steps a second must not drown it. */
const minIntervalMs = 100;

/**
 * Brings one run's page up to date: everything at first, then what is new, at most ten times a second.
 * Knows no webview: `post` sends. A hidden page gets nothing; it asks again (`ready`) when it is shown.
 */
export class PageFeed implements Disposable {
  readonly #runId: RunId;
  readonly #source: FeedSource;
  readonly #post: (message: ToPage) => void;
  /** How many events of each run the page has; undefined while there is no page. */
  #sent: Map<RunId, number> | undefined;
  #sentResults: PageResults | undefined;
  #sentSweep: readonly SweepRow[] | undefined;
  #sentHints: readonly PageHint[] | undefined;
  readonly #changed = new Set<RunId>();
  readonly #throttle = new Throttle(minIntervalMs, () => this.#flush());

  constructor(runId: RunId, source: FeedSource, post: (message: ToPage) => void) {
    this.#runId = runId;
    this.#source = source;
    this.#post = post;
  }

  /** The page is there and knows nothing. */
  ready(): void {
    const run = this.#source.runOf(this.#runId);
    if (!run) return;
    const controls = this.#source.controlsOf(this.#runId);
    const results = this.#source.resultsOf(this.#runId), sweep = this.#source.sweepOf(this.#runId), hints = this.#source.hintsOf(this.#runId);
    this.#changed.clear();
    this.#sent = new Map([run, ...controls].map(({ manifest, events }) => [manifest.id, events.length]));
    this.#sentResults = results;
    this.#sentSweep = sweep;
    this.#sentHints = hints;
    this.#post({ type: 'snapshot', protocol: pageProtocol, run, controls, ...(results && { results }), ...(sweep && { sweep }), ...(hints && { hints }) });
  }

  /** The page is gone or hidden. */
  pause(): void {
    this.#sent = undefined;
  }

  /** A run has news: its own, or a control's. */
  changed(id: RunId): void {
    if (!this.#sent) return;
    this.#changed.add(id);
    this.#throttle.ask();
  }

  dispose(): void {
    this.#throttle.dispose();
    this.#sent = undefined;
  }

  #flush(): void {
    if (!this.#sent) return;
    const shown = [this.#source.runOf(this.#runId), ...this.#source.controlsOf(this.#runId)];
    for (const run of shown) {
      if (!run || !this.#changed.has(run.manifest.id) && this.#sent.has(run.manifest.id)) continue; // a control may have been read before it was this run's
      const { manifest, events } = run;
      this.#post({ type: 'append', runId: manifest.id, manifest, events: events.slice(this.#sent.get(manifest.id) ?? 0) });
      this.#sent.set(manifest.id, events.length);
    }
    this.#changed.clear();
    const results = this.#source.resultsOf(this.#runId), hints = this.#source.hintsOf(this.#runId);
    if (hints && hints !== this.#sentHints) this.#post({ type: 'hints', hints });
    this.#sentHints = hints;
    if (results && results !== this.#sentResults) this.#post({ type: 'results', results });
    this.#sentResults = results;
    const rows = this.#source.sweepOf(this.#runId);
    if (rows && rows !== this.#sentSweep) this.#post({ type: 'sweep', rows });
    this.#sentSweep = rows;
  }
}
