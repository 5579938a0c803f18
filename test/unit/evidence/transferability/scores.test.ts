import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng } from '../../../../src/base/rng.ts';
import { bootstrapMean } from '../../../../src/evidence/transferability/bootstrap.ts';
import { backwardSolve, centredGram, cholesky, forwardSolve, inverseDiagonal, resolventOf, tridiagonalOf } from '../../../../src/evidence/transferability/gram.ts';
import { gramOf } from '../../../../src/evidence/products.ts';
import { linearProbe } from '../../../../src/evidence/transferability/linearProbe.ts';
import { standings } from '../../../../src/evidence/transferability/standings.ts';
import { transferScores } from '../../../../src/evidence/transferability/scores.ts';

/** Features of classes at a distance from one another, 0: all alike. */
function drawn(items: number, width: number, classes: number, distance: number, seed = 1): { features: Float32Array; labels: Int32Array } {
  const random = rng(seed, 'features'), labels = Int32Array.from({ length: items }, (_, i) => i % classes);
  const centres = Array.from({ length: classes }, () => Float64Array.from({ length: width }, () => random.normal() * distance));
  const features = new Float32Array(items * width);
  labels.forEach((c, i) => {
    for (let k = 0; k < width; k++) features[i * width + k] = centres[c]![k]! + random.normal();
  });
  return { features, labels };
}

const close = (got: number, want: number, what: string): void => assert.ok(Math.abs(got - want) <= 1e-9 * Math.max(1, Math.abs(want)), `${what}: ${got}, not ${want}`);

for (const [items, width] of [[24, 7], [9, 30]] as const) {
  test(`a shifted matrix of ${items} from ${width} features: trace, determinant and solutions by two ways are the same`, () => {
    const { features } = drawn(items, width, 3, 1), gram = gramOf(features, features.length / items), shift = 0.37;
    const y = Float64Array.from({ length: items }, (_, i) => Math.sin(i)), lower = cholesky(gram, items, shift);
    const { vectors: [turned], ...tridiagonal } = tridiagonalOf(gram, items, [y]), resolvent = resolventOf(tridiagonal, shift);
    close(resolvent.trace, inverseDiagonal(lower, items).reduce((a, b) => a + b, 0), 'trace');
    close(resolvent.logDeterminant, Array.from({ length: items }, (_, i) => 2 * Math.log(lower[i * items + i]!)).reduce((a, b) => a + b, 0), 'determinant');
    const solved = backwardSolve(lower, items, forwardSolve(lower, items, y));
    const quadratic = solved.reduce((sum, value, i) => sum + value * y[i]!, 0);
    close(resolvent.solve(turned!).reduce((sum, value, i) => sum + value * turned![i]!, 0), quadratic, 'yᵀ R y');
    for (let i = 0; i < items; i++) {
      const row = solved.reduce((sum, value, j) => sum + value * (gram[i * items + j]! + (i === j ? shift : 0)), 0);
      close(row, y[i]!, `row ${i}`);
    }
  });
}

test('rows that are alike, and zeros, are no stumbling block', () => {
  const features = new Float32Array(12).fill(1);
  const { probe, knn } = transferScores(features, [0, 1, 0, 1], 2);
  assert.equal(probe.length + knn.length, 8);
  assert.ok(Number.isFinite(transferScores(new Float32Array(12), [0, 1, 0, 1], 2).hScore));
});

test('leaving one out in one step is what leaving each out and fitting again gives', () => {
  const items = 20, width = 6, classes = 3, strength = 0.8, { features, labels } = drawn(items, width, classes, 0.6);
  const fast = linearProbe(centredGram(gramOf(features, features.length / items), items), labels, classes, strength);
  const slow = Int32Array.from({ length: items }, (_, left) => {
    const others = Array.from({ length: items }, (_unused, i) => i).filter((i) => i !== left);
    const mean = Array.from({ length: width }, (_unused, k) => others.reduce((sum, i) => sum + features[i * width + k]!, 0) / others.length);
    const row = (i: number): number[] => mean.map((value, k) => features[i * width + k]! - value);
    const covariance = new Float64Array(width * width);
    for (const i of others) row(i).forEach((a, j) => row(i).forEach((b, k) => { covariance[j * width + k]! += a * b; }));
    const lower = cholesky(covariance, width, strength);
    const scores = Array.from({ length: classes }, (_unused, c) => {
      const share = others.filter((i) => labels[i] === c).length / others.length;
      const moment = mean.map((_value, k) => others.reduce((sum, i) => sum + row(i)[k]! * (Number(labels[i] === c) - share), 0));
      const weights = backwardSolve(lower, width, forwardSolve(lower, width, moment));
      return share + row(left).reduce((sum, value, k) => sum + value * weights[k]!, 0);
    });
    return scores.indexOf(Math.max(...scores));
  });
  assert.deepEqual([...fast], [...slow]);
  assert.ok(fast.filter((c, i) => c === labels[i]).length > items / 2);
});

test('features that hold the classes score high on every score, features that do not score low', () => {
  const items = 120, classes = 4, shareOf = (predicted: Int32Array): number => predicted.filter((c, i) => c === i % classes).length / items;
  const [good, poor] = [1.5, 0].map((distance) => transferScores(drawn(items, 200, classes, distance).features, drawn(items, 200, classes, 0).labels, classes)) as [ReturnType<typeof transferScores>, ReturnType<typeof transferScores>];
  assert.ok(shareOf(good.probe) > 0.95 && shareOf(good.knn) > 0.95);
  assert.ok(shareOf(poor.probe) < 0.45 && shareOf(poor.knn) < 0.45);
  assert.ok(good.logMe > poor.logMe + 0.2);
  assert.ok(good.hScore > poor.hScore + 1);
});

test('the bootstrap holds the true mean in 90 to 99 of 100 samples', () => {
  let held = 0;
  for (let sample = 0; sample < 150; sample++) {
    const random = rng(sample, 'sample'), values = Float64Array.from({ length: 100 }, () => Number(random.next() < 0.7));
    const { low, high } = bootstrapMean(values, random);
    held += Number(low <= 0.7 && 0.7 <= high);
  }
  assert.ok(held >= 0.9 * 150 && held <= 0.99 * 150, `${held} of 150`);
});

test('what these photos cannot tell apart shares a place; what they can does not', () => {
  const right = (share: number, seed: number): number[] => {
    const random = rng(seed, 'right');
    return Array.from({ length: 300 }, () => Number(random.next() < share));
  };
  const rows = [['b', right(0.78, 2)], ['a', right(0.8, 1)], ['poor', right(0.3, 3)], ['same', right(0.3, 3)]] as const;
  const placed = standings(rows, ([, each]) => each).map(({ item: [name], place, sharedBy }) => `${place} ${name} of ${sharedBy}`);
  assert.deepEqual(placed.slice(2), ['3 poor of 2', '3 same of 2']);
  assert.deepEqual([...placed.slice(0, 2)].sort(), ['1 a of 2', '1 b of 2']);
  assert.deepEqual(standings([], () => []), []);
});
