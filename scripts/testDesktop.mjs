// @ts-check
// The host tests in desktop VS Code, downloaded by @vscode/test-electron: for machines that can reach its download
// (and have a display; on a server: xvfb-run npm run test:desktop).
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './repo.mjs';
import { installEngine, installPackages } from './setup.mjs';
import { TestReport } from './testReport.mjs';

await installPackages();
const { compile } = await import('./checks.mjs');
const { bundleHostSuite, readHostResults } = await import('./hostSuite.mjs');
const { runTests } = await import('@vscode/test-electron');
for (const [, check] of compile) await check();
await installEngine();
const { photoWorkspace } = await import(join(root, 'out', 'test', 'support', 'photoWorkspace.js'));

const folder = await mkdtemp(join(tmpdir(), 'thaw-desktop-'));
const file = join(folder, 'results.jsonl');
const report = new TestReport();
try {
  await runTests({
    extensionDevelopmentPath: root,
    extensionTestsPath: await bundleHostSuite(),
    launchArgs: [await photoWorkspace(join(folder, 'workspace')), '--disable-extensions', '--disable-workspace-trust', '--user-data-dir', join(folder, 'user')],
    extensionTestsEnv: { THAW_HOST_RESULTS: file },
  });
  const { results, finished } = await readHostResults(file);
  for (const { title, ms, error, skipped } of results) {
    if (error !== undefined) report.fail(title, error);
    else if (skipped !== undefined) report.skip(title, skipped);
    else report.pass(title, ms);
  }
  if (!finished) report.fail('the suite ends', 'VS Code ended before it');
} catch (error) {
  report.fail('desktop VS Code starts', error instanceof Error ? error.message : String(error));
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}
report.finish();
process.exitCode = report.failed ? 1 : 0;
