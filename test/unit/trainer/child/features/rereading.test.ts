import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Prepared } from '../../../../../src/data/prepare.ts';
import { Refused } from '../../../../../src/protocol/diagnostic.ts';
import { viewsOfSame } from '../../../../../src/trainer/child/features/rereading.ts';
import { tinyDataset } from '../../../../support/tinyData.ts';

const [sample, other] = tinyDataset().samples;
const views = new Map([['centre', new Uint8Array(3)] as const]);

test('the same photo gives its views', () => {
  assert.equal(viewsOfSame(sample!, { file: sample!, facts: sample!.facts, views }), views);
});

test('a photo that was changed or cannot be read any more ends the run with its name', () => {
  const codeOf = (again: Prepared): readonly unknown[] => {
    try {
      return [viewsOfSame(sample!, again)];
    } catch (error) {
      assert.ok(error instanceof Refused);
      return error.diagnostics.map(({ code, where, message }) => [code, where?.file, message]);
    }
  };
  assert.deepEqual(codeOf({ file: sample!, facts: other!.facts, views }), [['unreadable-file', '0.png', 'the photo was changed while the run used it']]);
  assert.deepEqual(codeOf({ file: sample!, problem: { code: 'unreadable-file', severity: 'error', message: 'the file is gone', where: { file: '0.png' } } }),
    [['unreadable-file', '0.png', 'a photo that the run uses cannot be read any more: the file is gone']]);
});
