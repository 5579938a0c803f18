import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceClassOf } from '../../../src/backbones/sourceLabels.ts';

const labels = ['tench, Tinca tinca, n01440764', 'crane, n02012849', 'crane, n03126707', 'ant, emmet, pismire, n02219486', 'daisy, n11939491', 'bus, n02924116'];

test('a folder is a source class by any of its names, written as folders are, or in the plural; two of one name are said', () => {
  const found = ['Tinca_tinca', 'n01440764', 'ants', 'ANT', 'daisies', 'bus', 'buses', 'crane', 'glass', ''].map((name) => sourceClassOf(name, labels));
  assert.deepEqual(found, [0, 0, 3, 3, 4, 5, 5, 'several', 'none', 'none']);
});
