import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cappedLog } from '../../../../src/trainer/host/cappedLog.ts';

function logged(chunks: readonly string[]): string {
  let written = '';
  const log = cappedLog((data) => { written += Buffer.from(data).toString(); }, 10, 5);
  for (const chunk of chunks) log.add(Buffer.from(chunk));
  log.end();
  return written;
}

test('a short log is whole, a long one has its beginning, its end and what is left out between', () => {
  assert.equal(logged([]), '');
  assert.equal(logged(['0123', '456789']), '0123456789');
  assert.equal(logged(['0123456789abc']), '0123456789abc');
  assert.equal(logged(['0123', '456789abcdef', 'ghij']), '0123456789\n… 5 bytes left out …\nfghij');
});
