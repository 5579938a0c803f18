import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatJson } from '../../../src/protocol/jsonText.ts';
import { parseFromPage, parseManifest, parseRunEvent, parseToPage } from '../../../src/protocol/guards.ts';
import { aManifest, asEvents, everyFact } from '../../support/runs.ts';

const roundTrip = (value: unknown): unknown => JSON.parse(formatJson(value));

test('every event type comes back from its line as it was', () => {
  const events = asEvents(everyFact);
  assert.equal(new Set(events.map(({ type }) => type)).size, 21);
  for (const event of events) assert.deepEqual(parseRunEvent(roundTrip(event)), { ok: true, value: event });
});

test('a loss that is not a number stays so through JSON, and null reads as one', () => {
  for (const loss of [NaN, Infinity, -Infinity]) {
    const parsed = parseRunEvent(roundTrip({ seq: 0, at: '', type: 'step', step: 1, epoch: 0, loss, rate: 1, perSecond: 1, etaMs: 0 }));
    assert.ok(parsed.ok && parsed.value.type === 'step');
    assert.ok(Object.is(parsed.value.loss, loss));
  }
  const parsed = parseRunEvent({ seq: 0, at: '', type: 'step', step: 1, epoch: 0, loss: null, rate: 1, perSecond: 1, etaMs: 0 });
  assert.ok(parsed.ok && parsed.value.type === 'step' && Number.isNaN(parsed.value.loss));
});

test('what does not fit is refused with a note that names the field', () => {
  const cases: readonly [unknown, string][] = [
    [{ seq: 0, at: '', type: 'levitated' }, 'unknown type "levitated"'],
    [{ seq: 0, at: '', type: '__proto__' }, 'unknown type "__proto__"'],
    [{ seq: -1, at: '', type: 'stage' }, 'seq: not a whole number'],
    [{ seq: 0, at: '', type: 'stage', stage: 0 }, 'step: not a number'],
    [{ seq: 0, at: '', type: 'ended', outcome: 'won' }, 'outcome: not one of finished, stopped, failed, killed, crashed'],
    [{ seq: 0, at: '', type: 'data', data: { classes: ['a', 2] } }, 'data.classes.1: not a text'],
    ['text', 'not an object'],
    [null, 'not an object'],
    [[], 'not an object'],
  ];
  for (const [value, note] of cases) assert.deepEqual(parseRunEvent(value), { ok: false, note });
});

test('keys that nobody knows do not pass', () => {
  const parsed = parseRunEvent(JSON.parse('{"seq":0,"at":"","type":"stage","stage":0,"step":0,"extra":1,"__proto__":{"polluted":true}}'));
  assert.ok(parsed.ok);
  assert.deepEqual(Object.keys(parsed.value).sort(), ['at', 'seq', 'stage', 'step', 'type']);
  assert.equal('polluted' in parsed.value, false);
});

test('a diagnostic of a newer Thaw keeps its message', () => {
  const parsed = parseRunEvent({ seq: 0, at: '', type: 'warning', diagnostic: { code: 'from-the-future', severity: 'error', message: 'seen' } });
  assert.ok(parsed.ok && parsed.value.type === 'warning');
  assert.deepEqual(parsed.value.diagnostic, { code: 'internal-error', severity: 'error', message: 'seen' });
});

test('a manifest comes back whole; a newer format and a damaged one are refused in so many words', () => {
  const manifest = aManifest({ request: { overrides: { 'stages.0.rate': 0.1, flag: true, name: 'x' }, engine: 'wasm' }, controlOf: aManifest().id, control: 'scratch' });
  assert.deepEqual(parseManifest(roundTrip(manifest), 'run.json'), { ok: true, value: manifest, warnings: [] });

  const newer = parseManifest({ ...manifest, format: 2 }, 'run.json');
  assert.ok(!newer.ok);
  assert.equal(newer.errors[0]?.code, 'newer-format');
  assert.match(newer.errors[0].message, /format 2/);

  const damaged = parseManifest({ ...manifest, status: 'dreaming' }, 'run.json');
  assert.ok(!damaged.ok);
  assert.equal(damaged.errors[0]?.code, 'run-unreadable');
  assert.match(damaged.errors[0].message, /status: not one of/);
});

test('messages to the page and from it are looked at field by field', () => {
  const manifest = aManifest(), events = asEvents(everyFact);
  const messages = [
    { type: 'snapshot', protocol: 1, run: { manifest, events }, controls: [{ manifest, events: [] }], results: { classes: ['a'], confusion: [[1]], mistaken: 1, mistakes: [{ path: '<img onerror>', thumbnail: 'u', right: 'a', wrong: 'b', how: '90 %' }], labels: [{ label: 'a', averagePrecision: 0.5, f1: 0.5, items: 2 }], numbers: [{ target: 1, predicted: 2 }] } },
    { type: 'append', runId: 'x', manifest, events },
    { type: 'results', results: { classes: [], confusion: [], mistaken: 0, mistakes: [] } },
  ];
  for (const message of messages) assert.deepEqual(parseToPage(roundTrip(message)), { ok: true, value: message });
  for (const type of ['stop', 'run-again', 'resume', 'open-plan', 'open-experiment', 'reveal-folder']) {
    assert.deepEqual(parseFromPage({ type, path: '/etc/passwd' }), { ok: true, value: { type } });
  }
  assert.deepEqual(parseFromPage({ type: 'open-file', path: 7 }), { ok: false, note: 'path: not a text' });
  assert.deepEqual(parseFromPage({ type: 'ready', protocol: 1 }), { ok: true, value: { type: 'ready', protocol: 1 } });
});
