import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng } from '../../../src/base/rng.ts';
import { blindPredictions, majorityClass } from '../../../src/evidence/blind.ts';
import { fitKnn } from '../../../src/evidence/knn.ts';
import { jsonFixture } from '../../support/fixture.ts';

const { knn: golden } = jsonFixture<{ knn: { width: number; classes: number; labels: readonly number[]; features: readonly number[]; leaveOneOut: Readonly<Record<string, number>> } }>('evidence/goldens.json');

for (const k of [1, 5, 10]) {
  test(`leaving one out, ${k} neighbours are right as often as the reference says`, () => {
    const { width, classes, labels } = golden, features = Float32Array.from(golden.features);
    let right = 0;
    for (let i = 0; i < labels.length; i++) {
      const others = labels.flatMap((_, j) => j === i ? [] : [j]);
      const train = Float32Array.from(others.flatMap((j) => [...features.subarray(j * width, (j + 1) * width)]));
      const [predicted] = fitKnn(train, others.map((j) => labels[j]!), { width, classes, k }).predict(features.slice(i * width, (i + 1) * width));
      right += Number(predicted === labels[i]);
    }
    assert.equal(right / labels.length, golden.leaveOneOut[k]);
  });
}

test('blocks of any size give what one call gives, and agree with a search by hand', () => {
  const random = rng(6, 'knn'), width = 13, classes = 4, items = 50, queries = 11;
  const draw = (count: number): Float32Array => Float32Array.from({ length: count * width }, () => random.normal());
  const train = draw(items), labels = Array.from({ length: items }, () => random.int(classes)), query = draw(queries);
  const knn = fitKnn(train, labels, { width, classes }), whole = [...knn.predict(query)];
  const parts = [0, 3, 4, 9].flatMap((from, i, starts) => [...knn.predict(query.subarray(from * width, (starts[i + 1] ?? queries) * width))]);
  assert.deepEqual(parts, whole);

  const cosine = (q: number, t: number): number => {
    let dot = 0, a = 0, b = 0;
    for (let i = 0; i < width; i++) {
      dot += query[q * width + i]! * train[t * width + i]!;
      a += query[q * width + i]! ** 2;
      b += train[t * width + i]! ** 2;
    }
    return dot / Math.sqrt(a * b);
  };
  const byHand = Array.from({ length: queries }, (_, q) => {
    const nearest = labels.map((label, t) => ({ label, s: cosine(q, t) })).sort((a, b) => b.s - a.s).slice(0, 5);
    const score = Array.from({ length: classes }, (_, c) => nearest.filter(({ label }) => label === c).length);
    return score.indexOf(Math.max(...score));
  });
  assert.deepEqual(whole, byHand);
});

test('fewer training items than neighbours: all of them vote, and of equals the first class wins', () => {
  const three = fitKnn(Float32Array.from([1, 0, 0, 1, 1, 1]), [1, 0, 1], { width: 2, classes: 2 });
  assert.deepEqual([...three.predict(Float32Array.from([0, 1]))], [1]);
  const two = fitKnn(Float32Array.from([1, 0, 0, 1]), [1, 0], { width: 2, classes: 2 });
  assert.deepEqual([...two.predict(Float32Array.from([1, 0, 0, 0]))], [0, 0]); // a row of zeros is near nothing, and answered
});

test('the blind guess is the most frequent training class, the first of equals', () => {
  assert.equal(majorityClass([2, 1, 2, 1, 0], 3), 1);
  assert.deepEqual([...blindPredictions([2, 2, 0], 3, 4)], [2, 2, 2, 2]);
});
