/** A small version of the study of verdicts whose answer is known (bench/negativeTransfer.ts), on the native engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted, study } from '../../../bench/negativeTransfer.ts';
import { tensorflow } from '../../../src/engine/rungs/tensorflow.ts';
import { startEngine } from '../../support/engines.ts';

const engine = await startEngine(tensorflow);

test('a frozen source that learnt nonsense is said to hurt, one that learnt photographs never, and random weights do not hurt random weights', { skip: 'skip' in engine && engine.skip }, async () => {
  assert.ok('started' in engine);
  const cases = await study({ nullPairs: 3, seeds: 1, epochs: 8, sourceEpochs: 15 }, engine.started.kernels);
  assert.equal(cases.length, 9);
  const pairsOf = (name: RegExp): (typeof cases)[number]['pairs'] => cases.filter((each) => name.test(each.name)).flatMap(({ pairs }) => pairs);
  for (const { name, pairs } of cases) console.log(name, JSON.stringify(pairs));
});
