import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { confusionOf, mistakesOf, predictionOf, readPredictions, writePredictions } from '../../../src/runs/predictions.ts';
import { aRun } from '../../support/runs.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const predictions = [
  predictionOf('a/<img onerror>\n.jpg', 0, [0.7, 0.2, 0.1]),
  predictionOf('a/2.jpg', 0, [0.1, 0.6, 0.3]),
  predictionOf('b/3.jpg', 1, [0.05, 0.05, 0.9]),
  predictionOf('c/4.jpg', 2, Float32Array.of(0.5, 0.5, 0)),
];

test('predictions name the likeliest classes first, and a tie goes to the first', () => {
  assert.deepEqual(predictions.map(({ predicted }) => predicted), [0, 1, 2, 0]);
  assert.deepEqual(predictions[1]?.top, [{ label: 1, probability: 0.6 }, { label: 2, probability: 0.3 }, { label: 0, probability: 0.1 }]);
  assert.equal(predictionOf('x', 0, new Float32Array(1000)).top.length, 5);
});

test('predictions come back from their file as they were; a damaged or missing file is a diagnostic', (t) => {
  const run = aRun(temporaryFolder(t));
  writePredictions(run, 'test', predictions);
  assert.deepEqual(readPredictions(run, 'test'), { ok: true, value: predictions, warnings: [] });
  appendFileSync(join(run.evaluations, 'test.jsonl'), '{"path":7}\n');
  const damaged = readPredictions(run, 'test'), missing = readPredictions(run, 'validation');
  assert.ok(!damaged.ok && !missing.ok);
  assert.match(damaged.errors[0]?.message ?? '', /4\.path: not a text/);
  assert.match(missing.errors[0]?.message ?? '', /ENOENT/);
});

test('the confusion counts by true row and predicted column; mistakes come with the surest first', () => {
  assert.deepEqual(confusionOf(predictions, 3), [[1, 1, 0], [0, 0, 1], [1, 0, 0]]);
  assert.deepEqual(mistakesOf(predictions, 2).map(({ path }) => path), ['b/3.jpg', 'a/2.jpg']);
});
