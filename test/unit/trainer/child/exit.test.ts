import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refused } from '../../../../src/protocol/diagnostic.ts';
import { diagnosticOf, exitCodeOf } from '../../../../src/trainer/child/exit.ts';

const system = (code: string): Error => Object.assign(new Error(`${code}: said the system`), { code });

test('whatever is thrown becomes a diagnostic and an exit code', () => {
  const cases: readonly [unknown, string, number][] = [
    [new Refused([{ code: 'one-class', severity: 'error', message: 'only one class' }]), 'one-class', 1],
    [system('ENOSPC'), 'disk-full', 1],
    [system('EDQUOT'), 'disk-full', 1],
    [system('EROFS'), 'unwritable', 1],
    [system('ERR_DLOPEN_FAILED'), 'engine-missing', 1],
    [new RangeError('Array buffer allocation failed'), 'out-of-memory', 1],
    [new Error('table index is out of bounds'), 'out-of-memory', 1],
    [new TypeError('x is not a function'), 'internal-error', 70],
    ['a text', 'internal-error', 70],
  ];
  for (const [error, code, exitCode] of cases) {
    const diagnostic = diagnosticOf(error);
    assert.equal(diagnostic.code, code);
    assert.equal(exitCodeOf(diagnostic), exitCode);
  }
});

test('out of memory names the batch to lower', () => {
  assert.match(diagnosticOf(new RangeError('Array buffer allocation failed'), 64).fix ?? '', /^lower `batch` from 64 to 32/);
});
