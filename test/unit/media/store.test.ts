import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apply, shown, type PageState } from '../../../media/store.ts';
import type { PageResults, ToPage } from '../../../src/protocol/pageMessages.ts';
import type { RunFact } from '../../../src/protocol/runEvent.ts';
import type { RunId } from '../../../src/protocol/runManifest.ts';
import { aManifest, aShare, asEvents, everyFact } from '../../support/runs.ts';

const manifest = aManifest(), control = aManifest({ id: '20260501-120000-flowers-scratch-3fa9c1' as RunId, control: 'scratch', controlOf: manifest.id });
const events = asEvents(everyFact);
const results: PageResults = { classes: ['a', 'b'], confusion: [[1, 0], [0, 1]], mistaken: 0, mistakes: [] };

const snapshot = (of = events): ToPage => ({ type: 'snapshot', protocol: 1, run: { manifest, events: of }, controls: [] });
const after = (...messages: readonly ToPage[]): PageState | undefined => messages.reduce<PageState | undefined>(apply, undefined);

test('a snapshot is the fold over its events', () => {
  const { run, controls, results: none } = after(snapshot())!;
  assert.deepEqual([run.state.status, run.state.step, run.state.verdict?.claim, controls, none], ['finished', 2, 'helps', [], undefined]);
});

test('events that come one by one give what a snapshot of all gives, whatever came twice', () => {
  const appended = (of: typeof events): ToPage => ({ type: 'append', runId: manifest.id, manifest, events: of });
  const live = after(snapshot(events.slice(0, 4)), appended(events.slice(4, 9)), appended(events.slice(2, 12)), appended(events.slice(12)))!;
  const { loss: liveLoss, ...state } = live.run.state, { loss, ...whole } = after(snapshot())!.run.state;
  assert.equal(liveLoss.length, loss.length);
  assert.deepEqual(Object.keys(state).sort(), Object.keys(whole).sort());
  assert.deepEqual([state.status, state.nextSeq, state.controls, state.warnings], [whole.status, whole.nextSeq, whole.controls, whole.warnings]);
});

test('the first events of a control bring it in, further ones move it, and the run stays as it was', () => {
  const begun: ToPage = { type: 'append', runId: control.id, manifest: control, events: events.slice(0, 9) };
  const further: ToPage = { type: 'append', runId: control.id, manifest: { ...control, status: 'training' }, events: events.slice(9, 12) };
  const first = after(snapshot(), begun)!, second = apply(first, further)!;
  assert.deepEqual([first.controls.length, first.controls[0]?.state.step], [1, 1]);
  assert.deepEqual([second.controls.length, second.controls[0]?.state.step, second.controls[0]?.manifest.status], [1, 2, 'training']);
  assert.equal(second.run, first.run);
});

test('a control of an earlier run is shown while the run is watched against it, and when it took it over', () => {
  const earlier = aManifest({ id: '20260430-120000-flowers-scratch-3fa9c0' as RunId, control: 'scratch', controlOf: '20260430-120000-flowers-3fa9c0' as RunId });
  const facts: readonly RunFact[] = [{ type: 'watched-against', controls: [{ control: 'scratch', runId: earlier.id }] }, { type: 'tested', step: 1, loss: 1, accuracy: aShare }, { type: 'control', control: 'scratch', accuracy: aShare, runId: earlier.id, reusedFrom: earlier.controlOf! }];
  const counts = asEvents(facts).map((_, i) => shown(after(snapshot(asEvents(facts).slice(0, i + 1)), { type: 'append', runId: earlier.id, manifest: earlier, events: [] })!).controls.length);
  assert.deepEqual(counts, [1, 0, 1]);
});

test('a new snapshot replaces everything, results included', () => {
  assert.equal(after(snapshot(), { type: 'results', results })?.results, results);
  assert.equal(after(snapshot(), { type: 'results', results }, snapshot())?.results, undefined);
});

test('before the first snapshot there is nothing to add to', () => {
  assert.equal(after({ type: 'append', runId: manifest.id, manifest, events }), undefined);
  assert.equal(after({ type: 'results', results }), undefined);
});
