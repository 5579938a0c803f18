import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExitFacts } from '../../../src/protocol/runManifest.ts';
import { decodeDeath, formatLastWords } from '../../../src/runs/exits.ts';

const exit = (facts: Partial<ExitFacts>): ExitFacts => ({ at: '', oomKilled: false, ...facts });

test('every way to die has its diagnostic', () => {
  const cases: readonly [string, ExitFacts | undefined, string, string, string, RegExp][] = [
    ['V8 heap', exit({ signal: 'SIGABRT', peakBytes: 3 * 2 ** 30 }), 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n', 'crashed', 'out-of-memory', /3\.0 GiB: FATAL ERROR/],
    ['C++ allocation', exit({ signal: 'SIGABRT' }), "terminate called after throwing an instance of 'std::bad_alloc'\n", 'crashed', 'out-of-memory', /bad_alloc/],
    ['kernel, for memory', exit({ signal: 'SIGKILL', oomKilled: true, peakBytes: 2 ** 30 }), '', 'crashed', 'out-of-memory', /SIGKILL.*1\.0 GiB/],
    ['killed by somebody', exit({ signal: 'SIGKILL' }), '', 'crashed', 'run-killed', /SIGKILL/],
    ['null pointer', exit({ signal: 'SIGSEGV' }), '', 'crashed', 'native-crash', /SIGSEGV/],
    ['missing instruction', exit({ signal: 'SIGILL' }), '', 'crashed', 'native-crash', /SIGILL/],
    ['abort without a word of memory', exit({ signal: 'SIGABRT' }), 'Check failed: x == y\n', 'crashed', 'native-crash', /Check failed/],
    ['null pointer on Windows', exit({ code: 0xc0000005 }), '', 'crashed', 'native-crash', /access violation/],
    ['disk', exit({ code: 1 }), 'Error: ENOSPC: no space left on device, write\n', 'crashed', 'disk-full', /ENOSPC/],
    ['engine', exit({ code: 1 }), 'Error: libtensorflow_cc.so.2: cannot open shared object file\n', 'crashed', 'engine-missing', /libtensorflow_cc/],
    ['a code and nothing else', exit({ code: 3 }), 'last\n\n', 'crashed', 'internal-error', /code 3.*: last/],
    ['nobody saw it', undefined, '', 'crashed', 'run-crashed', /nobody saw/],
  ];
  for (const [name, facts, stderrTail, outcome, code, message] of cases) {
    const death = decodeDeath({ ...(facts && { exit: facts }), stderrTail, askedToStop: false });
    assert.deepEqual([death.outcome, death.diagnostic.code], [outcome, code], name);
    assert.match(death.diagnostic.message, message, name);
    assert.ok(death.diagnostic.fix, name);
  }
});

test('one that was asked to stop and had to be killed is killed, not crashed', () => {
  const { outcome, diagnostic } = decodeDeath({ exit: exit({ signal: 'SIGKILL' }), stderrTail: '', askedToStop: true });
  assert.deepEqual([outcome, diagnostic.code], ['killed', 'run-killed']);
  assert.equal(decodeDeath({ exit: exit({ signal: 'SIGSEGV' }), stderrTail: '', askedToStop: true }).outcome, 'crashed');
});

test('last words on stderr are taken at their word; ones that were cut short are not', () => {
  const diagnostic = { code: 'bad-weights', severity: 'error', message: 'model.safetensors is damaged', fix: 'install it again' } as const;
  const tail = `noise\n${formatLastWords(diagnostic)}more noise\n`;
  assert.deepEqual(decodeDeath({ exit: exit({ code: 1 }), stderrTail: tail, askedToStop: false }).diagnostic, diagnostic);
  assert.equal(decodeDeath({ exit: exit({ code: 1 }), stderrTail: tail.slice(0, 40), askedToStop: false }).diagnostic.code, 'internal-error');
});

test('what stands on stderr cannot forge the text: control characters are shown, long lines cut', () => {
  const { message } = decodeDeath({ exit: exit({ code: 3 }), stderrTail: `\u001b[31m\u202e${'x'.repeat(1000)}`, askedToStop: false }).diagnostic;
  assert.match(message, /\\u001b\[31m\\u202ex/);
  assert.ok(message.length < 300);
});

test('on a full disk a wordless end is the disk\'s doing, a violent one is not', () => {
  const codeOf = (facts: ExitFacts | undefined): string =>
    decodeDeath({ ...(facts && { exit: facts }), stderrTail: '', askedToStop: false, diskIsFull: true }).diagnostic.code;
  assert.deepEqual([undefined, exit({ code: 1 }), exit({ signal: 'SIGSEGV' })].map(codeOf), ['disk-full', 'disk-full', 'native-crash']);
});

test('out of memory names the number to lower, where it is known', () => {
  const fixOf = (batch?: number, stderrTail = ''): string | undefined =>
    decodeDeath({ exit: exit({ signal: 'SIGKILL', oomKilled: true }), stderrTail, askedToStop: false, ...(batch !== undefined && { batch }) }).diagnostic.fix;
  assert.match(fixOf(32) ?? '', /^lower `batch` from 32 to 16, train fewer layers/);
  assert.match(fixOf(32, 'std::bad_alloc') ?? '', /^lower `batch` from 32 to 16/);
  assert.match(fixOf(1) ?? '', /^train fewer layers/);
  assert.match(fixOf() ?? '', /^lower `batch`, train fewer layers/);
});
