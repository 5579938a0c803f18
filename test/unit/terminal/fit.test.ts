import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clipped, wrapped } from '../../../src/terminal/fit.ts';
import { paint } from '../../../src/terminal/paint.ts';

const { bold, red } = paint(true);

test('a clipped line keeps its colour codes, so that the colour ends', () => {
  assert.equal(clipped(`a ${bold('long')} word`, 4), `a ${bold('lo')}`);
  assert.equal(clipped('short', 10), 'short');
  assert.equal(clipped('anything', 0), '');
});

test('sentences are broken at spaces; colour takes no room', () => {
  assert.equal(wrapped('one two three four', 9), 'one two\nthree\nfour');
  assert.equal(wrapped(`${red('one')} ${red('two')} three`, 7), `${red('one')} ${red('two')}\nthree`);
  assert.equal(wrapped('a/word/that/does/not/fit here', 5), 'a/word/that/does/not/fit\nhere');
});

test('tables, empty lines and what fits stay as they are', () => {
  const table = '  this run     90.0 %  ····●··\n\n  blind guess  50.0 %  ··●····';
  assert.equal(wrapped(table, 10), table);
  assert.equal(wrapped('two  spaces', 40), 'two  spaces');
});
