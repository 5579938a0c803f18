import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makePackage } from '../../scripts/package.mjs';
import { runVSCodeCommand } from '../../scripts/vscodeServer.mjs';
import { inWorkbench, openThaw, screenshot, view } from './workbench.ts';

test('the VSIX installs and comes to life', async (t) => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'thaw-installed-'));
  t.after(() => rm(dataFolder, { recursive: true, force: true, maxRetries: 10 }));
  await runVSCodeCommand(dataFolder, ['--install-extension', await makePackage()]);
  await inWorkbench(t.name, { extension: null, dataFolder }, async ({ page }) => {
    await openThaw(page);
    await view(page, 'Backbones').getByRole('treeitem', { name: 'EfficientNet-Lite0' }).waitFor();
    await screenshot(page, 'installed');
  });
});
