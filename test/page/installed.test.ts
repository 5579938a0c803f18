import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { makePackage } from '../../scripts/package.mjs';
import { run } from '../../scripts/shell.mjs';
import { runVSCodeCommand } from '../../scripts/vscodeServer.mjs';
import { photoWorkspace } from '../support/photoWorkspace.ts';
import { inWorkbench, openThaw, screenshot, view } from './workbench.ts';

test('the VSIX', async (t) => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'thaw-installed-'));
  t.after(() => rm(dataFolder, { recursive: true, force: true, maxRetries: 10 }));
  await runVSCodeCommand(dataFolder, ['--install-extension', await makePackage()]);

  await t.test('comes to life in a VS Code that has nothing else', (t) =>
    inWorkbench(t.name, { extension: null, dataFolder }, async ({ page }) => {
      await openThaw(page);
      await view(page, 'Backbones').getByRole('treeitem', { name: 'EfficientNet-Lite0' }).waitFor();
      await screenshot(page, 'installed');
    }));

  await t.test('trains with nothing but what it holds', async () => {
    const [folder] = (await readdir(join(dataFolder, 'extensions'))).filter((name) => name.startsWith('thaw.thaw-'));
    assert.ok(folder);
    const workspace = await photoWorkspace(join(dataFolder, 'workspace'));
    const output = await run(process.execPath, [join(dataFolder, 'extensions', folder, 'dist', 'cli.mjs'), 'run', join(workspace, 'photos'), '--no-scratch', '--json'], { cwd: workspace });
    const events = output.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as { type: string; outcome?: string });
    assert.equal(events.find(({ type }) => type === 'ended')?.outcome, 'finished');
    assert.ok(events.some(({ type }) => type === 'tested'));
  });
});
