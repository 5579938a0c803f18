import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { PageHint, PageResults, PageRun, ToPage } from '../../../src/protocol/pageMessages.ts';
import type { RunEvent } from '../../../src/protocol/runEvent.ts';
import type { RunId } from '../../../src/protocol/runManifest.ts';
import type { SweepRow } from '../../../src/protocol/sweep.ts';
import { PageFeed } from '../../../src/views/pageFeed.ts';
import { aManifest } from '../../support/runs.ts';

const main = '20260101-000000-flowers-aaaaaa' as RunId, control = '20260101-000001-flowers-bbbbbb' as RunId;

interface GrowingRun extends PageRun {
  readonly events: RunEvent[];
}

const runOf = (id: RunId): GrowingRun => ({ manifest: aManifest({ id, status: 'training' }), events: [] });
const eventOf = (seq: number): RunEvent => ({ seq, at: '2026-01-01T00:00:00Z', type: 'stage', stage: 0, step: seq });

function feedOf() {
  mock.timers.enable({ apis: ['setTimeout'] });
  const run = runOf(main), controls: GrowingRun[] = [], posted: ToPage[] = [];
  const source = { results: undefined as PageResults | undefined, sweep: undefined as readonly SweepRow[] | undefined, hints: undefined as readonly PageHint[] | undefined };
  const feed = new PageFeed(main, {
    runOf: (id) => id === main ? run : undefined,
    controlsOf: () => controls,
    resultsOf: () => source.results,
    sweepOf: () => source.sweep,
    hintsOf: () => source.hints,
  }, (message) => posted.push(message));
  return { feed, run, controls, posted, source, [Symbol.dispose]: () => { feed.dispose(); mock.timers.reset(); } };
}

/** Seqs in the appended messages, in the order they were sent. */
const appended = (posted: readonly ToPage[]): number[] => posted.flatMap((message) => message.type === 'append' ? message.events.map(({ seq }) => seq) : []);

test('a page that has not asked gets nothing; one that asks gets everything', () => {
  using t = feedOf();
  t.run.events.push(eventOf(0));
  t.feed.changed(main);
  mock.timers.tick(1000);
  assert.equal(t.posted.length, 0);
  t.feed.ready();
  assert.equal(t.posted.length, 1);
  assert.equal(t.posted[0]?.type, 'snapshot');
});

test('a thousand changes become few messages that hold each event once, in order', () => {
  using t = feedOf();
  t.feed.ready();
  for (let seq = 0; seq < 1000; seq++) {
    t.run.events.push(eventOf(seq));
    t.feed.changed(main);
  }
  mock.timers.tick(1000);
  const messages = t.posted.filter(({ type }) => type === 'append');
  assert.equal(messages.length, 2, 'the first at once, the rest together');
  assert.deepEqual(appended(t.posted), Array.from({ length: 1000 }, (_, seq) => seq));
});

test('a hidden page misses nothing: it gets a snapshot when it is shown again, and then only what is new', () => {
  using t = feedOf();
  t.feed.ready();
  t.feed.pause();
  t.run.events.push(eventOf(0));
  t.feed.changed(main);
  mock.timers.tick(1000);
  assert.equal(t.posted.length, 1);
  t.feed.ready();
  t.run.events.push(eventOf(1));
  t.feed.changed(main);
  mock.timers.tick(1000);
  assert.deepEqual(t.posted.map(({ type }) => type), ['snapshot', 'snapshot', 'append']);
  assert.deepEqual(appended(t.posted), [1]);
});

test('a control that starts later is sent from its first event', () => {
  using t = feedOf();
  t.feed.ready();
  const started = runOf(control);
  started.events.push(eventOf(0), eventOf(1));
  t.controls.push(started);
  t.feed.changed(control);
  mock.timers.tick(1000);
  const [, message] = t.posted;
  assert.ok(message?.type === 'append');
  assert.equal(message.runId, control);
  assert.deepEqual(appended(t.posted), [0, 1]);
});

test('a control that was read before it was this run\'s is sent with the run\'s next news', () => {
  using t = feedOf();
  t.feed.ready();
  const earlier = runOf(control);
  earlier.events.push(eventOf(0));
  t.controls.push(earlier);
  for (let i = 0; i < 2; i++) {
    t.feed.changed(main);
    mock.timers.tick(1000);
  }
  assert.deepEqual(appended(t.posted), [0], 'once');
});

test('results are sent once', () => {
  using t = feedOf();
  t.feed.ready();
  t.source.results = { classes: ['a'], confusion: [[1]], mistaken: 0, mistakes: [] };
  for (let i = 0; i < 3; i++) {
    t.feed.changed(main);
    mock.timers.tick(1000);
  }
  assert.equal(t.posted.filter(({ type }) => type === 'results').length, 1);
});

test('doubted labels are sent once, and again with the whole', () => {
  using t = feedOf();
  t.feed.ready();
  t.source.hints = [{ path: 'a/1.jpg', thumbnail: 'uri', words: 'it stands in "a"' }];
  for (let i = 0; i < 3; i++) {
    t.feed.changed(main);
    mock.timers.tick(1000);
  }
  assert.deepEqual(t.posted.filter(({ type }) => type === 'hints'), [{ type: 'hints', hints: t.source.hints }]);
  t.feed.ready();
  const whole = t.posted.at(-1);
  assert.deepEqual(whole?.type === 'snapshot' && whole.hints, t.source.hints);
});
