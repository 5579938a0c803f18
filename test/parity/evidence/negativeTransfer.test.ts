/** A small version of the study of verdicts whose answer is known (bench/negativeTransfer.ts), on the native engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted, study } from '../../../bench/negativeTransfer.ts';
import { tensorflow } from '../../../src/engine/rungs/tensorflow.ts';
import { startEngine } from '../../support/engines.ts';

const engine = await startEngine(tensorflow);

test('frozen layers that learnt nonsense are said to hurt, thawed photographs not, and random weights do not hurt random weights', { skip: 'skip' in engine && engine.skip }, async () => {
  assert.ok('started' in engine);
  const cases = await study({ nullPairs: 3, seeds: 1, epochs: 5, sourceEpochs: 6, nonsense: ['head'], photographs: ['all'] }, engine.started.kernels);
  assert.equal(cases.length, 5);
  const saidToHurt = (name: RegExp): readonly [hurts: number, of: number] => {
    const pairs = cases.filter((each) => name.test(each.name)).flatMap((each) => each.pairs);
    return [counted(pairs, 'claim', 'hurts'), pairs.length];
  };
  const seen = cases.map(({ name, pairs }) => `${name}: ${pairs.map(({ claim, gapPt }) => `${claim} ${gapPt.toFixed(1)}`).join(', ')}`).join('\n');
  assert.deepEqual(saidToHurt(/^null/), [0, 4], seen);
  assert.deepEqual(saidToHurt(/^source: (labels|scrambled).*trains: head$/), [2, 2], seen);
  assert.deepEqual(saidToHurt(/^source: photographs/), [0, 1], seen);
});
