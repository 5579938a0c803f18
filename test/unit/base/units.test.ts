import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortTime } from '../../../src/base/units.ts';

test('a short time keeps the digits that tell it from another, and none is nothing', () => {
  assert.deepEqual([0.2, 3.4, 9.6, 412, 2345, 12_400].map(shortTime), ['1 ms', '3 ms', '0.01 s', '0.41 s', '2.3 s', '12 s']);
});
