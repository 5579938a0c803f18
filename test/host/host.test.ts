/** Runs the suite of *.host.ts inside a real VS Code and reports each of its tests as one of ours. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleHostSuite, readHostResults } from '../../scripts/hostSuite.mjs';
import { openEditor } from '../support/editor.ts';

/** Without a new result for so long, VS Code is taken for dead. Longer than any one test may take. */
const silenceMs = 240_000;

test('inside VS Code', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-host-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'results.jsonl');
  await using editor = await openEditor({ tests: await bundleHostSuite(), env: { THAW_HOST_RESULTS: file } });
  let seen = 0;
  for (let lastAt = performance.now(); ; await sleep(100)) {
    const { results, finished } = await readHostResults(file);
    if (results.length > seen) lastAt = performance.now();
    for (const { title, error, skipped } of results.slice(seen)) {
      await t.test(title, { skip: skipped ?? false }, () => assert.ok(error === undefined, error));
    }
    seen = results.length;
    if (finished) break;
    assert.ok(performance.now() - lastAt < silenceMs, `VS Code said nothing for ${silenceMs / 1000} s after ${seen} tests; its server:\n${editor.serverLog().slice(-4000)}`);
  }
  assert.ok(seen > 0, 'the suite holds tests');
});
