import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundled } from '../../support/bundle.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('six processes that fight for a lock never hold it together, though half of them die holding it', async (t) => {
  const bundles = await bundled({ child: 'test/fixtures/children/counts-under-lock.mjs' });
  t.after(bundles.remove);
  const folder = temporaryFolder(t), counter = join(folder, 'counter'), rounds = 30;
  writeFileSync(counter, '0');
  const ends = await Promise.all(['lives', 'dies', 'lives', 'dies', 'lives', 'dies'].map(async (manner) => {
    const child = spawn(process.execPath, [bundles.files.child, join(folder, 'lock'), counter, String(rounds), manner], { stdio: ['ignore', 'ignore', 'inherit'] });
    const [code, signal] = await once(child, 'exit') as [number | null, string | null];
    return code ?? signal;
  }));
  assert.deepEqual(ends, [0, 'SIGKILL', 0, 'SIGKILL', 0, 'SIGKILL']);
  assert.equal(Number(readFileSync(counter, 'utf8')), 6 * rounds, 'a lost count means two at once');
});
