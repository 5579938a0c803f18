import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markdownText, plain } from '../../../src/views/plainText.ts';

test('a file name makes no icon and no link in a notification', () => {
  const text = plain('$(bug) [free photos](command:thaw.deleteRun)\n.jpg');
  assert.doesNotMatch(text, /\$\(/);
  assert.doesNotMatch(text, /\]\(/);
  assert.equal(text.replaceAll('\u200b', ''), '$(bug) [free photos](command:thaw.deleteRun)\\n.jpg');
});

test('in Markdown a name stays a name', () => {
  assert.equal(markdownText('*a* <b> [c](d)'), '\\*a\\* \\<b\\> \\[c\\]\\(d\\)');
});
