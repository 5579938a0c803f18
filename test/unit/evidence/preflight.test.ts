import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng } from '../../../src/base/rng.ts';
import { channelOrder, heldOutDiagnostics, inputDiagnostics, RunningStatistics, scaleGap, sourceDistance } from '../../../src/evidence/preflight.ts';
import { labelHints } from '../../../src/evidence/labelHints.ts';

const facts = { backbone: 'a backbone', photos: 16, scale: 0, order: 0.2, distance: 0.1, std: [0.5, 0.5, 0.5] };

test('statistics are those of each channel, however the rows came; the distance is the divergence of two normal distributions', () => {
  const running = new RunningStatistics(2);
  for (const rows of [[1, 10, 3, 10], [5, 40]]) running.add(Float32Array.from(rows));
  const { mean, variance } = running.now();
  assert.deepEqual([...Array.from(mean), ...Array.from(variance)].map((value) => Number(value.toFixed(6))), [3, 20, 2.666667, 200]);
  const stored = { mean: [0, 0], variance: [1, 4] };
  assert.equal(sourceDistance(stored, stored, 0), 0);
  // KL(N(1, 4) | N(0, 1)) = (4 + 1 − 1 − ln 4) / 2; KL(N(0, 4) | N(0, 4)) = 0
  assert.ok(Math.abs(sourceDistance({ mean: [1, 0], variance: [4, 4] }, stored, 0) - (4 - Math.log(4)) / 4) < 1e-12);
});

test('a scale that is wrong by a factor is that factor, whatever a few dark channels do', () => {
  const stored = { mean: new Float64Array(9), variance: new Float64Array(9).fill(1) };
  const photos = { mean: new Float64Array(9), variance: Float64Array.from({ length: 9 }, (_, c) => c < 3 ? 1e-9 : 4) };
  assert.ok(Math.abs(Math.exp(scaleGap(photos, stored, 0)) - 2) < 1e-12);
});

test('the order of channels is 0 where they fit as fed, 1 where exchanged, and unknown for grey photos', () => {
  const stored = { mean: [1, 0, 0], variance: [1, 1, 1] }, turned = { mean: [0, 0, 1], variance: [1, 1, 1] };
  assert.equal(channelOrder(stored, turned, stored, 0), 0);
  assert.equal(channelOrder(turned, stored, stored, 0), 1);
  assert.equal(channelOrder(stored, stored, stored, 0), undefined);
});

test('only what is beyond its threshold is said, what is fed wrongly alone, each with numbers and a way out', () => {
  assert.deepEqual(inputDiagnostics(facts), []);
  const codes = (changed: Partial<typeof facts>): string[] => inputDiagnostics({ ...facts, ...changed }).map(({ code, severity }) => `${severity} ${code}`);
  assert.deepEqual(codes({ scale: 0.8, distance: 3, order: 0.9 }), ['warning preprocessing-mismatch']);
  assert.deepEqual(codes({ scale: -0.5 }), []); // dull photos
  assert.deepEqual(codes({ scale: -0.7 }), ['warning preprocessing-mismatch']);
  assert.deepEqual(codes({ order: 0.7, distance: 0.2 }), ['information channel-order', 'information far-from-source']);
  assert.deepEqual(codes({ distance: 0.6 }), ['warning far-from-source']);
  const [found] = inputDiagnostics({ ...facts, scale: Math.log(2.2) });
  assert.match(found!.message, /a backbone sees 16 of these photos vary 2\.2 × as much/);
  assert.match(found!.fix!, /a std somewhere near 1, 1, 1 would fit \(.*\), where it says 0\.5/);
});

test('few photos to judge by are told with what they could show; enough are not', () => {
  assert.deepEqual(heldOutDiagnostics({ validation: 40, test: 54 }), []);
  const [test, validation] = heldOutDiagnostics({ validation: 5, test: 20 });
  assert.match(test!.message, /^20 test photos could show only differences above \d\d points/);
  assert.match(validation!.message, /each of them is 20 points/);
});

test('photos in the wrong class are found when their look-alikes agree, and rightly labelled ones are left alone', () => {
  const random = rng(3, 'hints'), width = 24, items = 90, classes = 3, truth = Array.from({ length: items }, (_, i) => i % classes);
  const features = Float32Array.from({ length: items * width }, (_, at) => (at % width % classes === truth[Math.floor(at / width)] ? 1 : 0) + 0.3 * random.normal());
  assert.deepEqual(labelHints(features, truth, classes), []);
  const labels = truth.map((label, i) => i === 7 || i === 50 ? (label + 1) % classes : label);
  const hints = labelHints(features, labels, classes);
  assert.deepEqual(hints.map(({ item }) => item).sort((a, b) => a - b), [7, 50]);
  assert.ok(hints.every(({ item, instead, votes, of }) => instead === truth[item] && votes >= 8 && of === 10));
  assert.deepEqual(labelHints(features.subarray(0, 10 * width), labels.slice(0, 10), classes), []);
});
