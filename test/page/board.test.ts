import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cardNames } from '../../src/backbones/cards.ts';
import { photoWorkspace } from '../support/photoWorkspace.ts';
import { putRandom, putWideLite0 } from '../support/fetchedModels.ts';
import { explorerContextMenu, inWorkbench, openFile, openThaw, runCommand, screenshot, setTheme, view, webviewFrame } from './workbench.ts';

/** Choosing a backbone as a person does it: right-click, look, one click; then a reload, and another theme. */
void test('a right-click on a folder ranks the backbones, and one click writes the best into the experiment', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-board-')), cache = join(folder, 'cache');
  try {
    putWideLite0(cache);
    putRandom(cache, 'resnet18');
    const workspace = await photoWorkspace(join(folder, 'workspace'), { classes: 4, perClass: 20 });
    await inWorkbench('board', { workspace, env: { THAW_CACHE: cache } }, async ({ page }) => {
      await explorerContextMenu(page, 'photos', 'Rank Backbones for This Folder');
      const board = webviewFrame(page), rows = board.locator('table.board tbody tr');
      await board.getByRole('heading', { name: 'Backbones for photos' }).waitFor();
      await rows.first().waitFor({ timeout: 120_000 });
      await screenshot(page, 'board-1-streaming');
      await board.getByText(/^Measured/).waitFor({ timeout: 180_000 });
      assert.equal(await rows.count(), 2 + cardNames.length);
      assert.match(await rows.nth(0).innerText(), /EfficientNet-Lite0/);
      assert.match(await rows.filter({ hasText: 'ResNet-18' }).innerText(), /no better than random/);
      await screenshot(page, 'board-2-dark');

      await board.getByRole('button', { name: 'Use EfficientNet-Lite0 (wide)' }).click();
      const picker = page.locator('.quick-input-widget:visible');
      await picker.getByRole('option', { name: /Features only/ }).waitFor();
      await page.keyboard.press('Escape');
      await picker.waitFor({ state: 'hidden' }); // what opens while it closes would close with it
      await writeFile(join(workspace, 'mine.thaw.yaml'), 'thaw: 1\ndata: { folder: photos }\nbackbone: efficientnet_lite0   # kept\n');
      await openFile(page, 'mine.thaw.yaml');
      await runCommand(page, 'Thaw: Rank Backbones for This Folder');
      await board.getByText('in use').waitFor();
      await board.getByRole('button', { name: 'Use EfficientNet-Lite0 (wide)' }).click();
      await page.locator('.monaco-editor .view-lines').filter({ hasText: /backbone:\s"?hf:test\/lite0-wide"?\s+#\skept/ }).first().waitFor();
      await openThaw(page);
      await view(page, 'Backbones').getByRole('treeitem', { name: /EfficientNet-Lite0 \(wide\), probe \d+ % here/ }).waitFor();
      await setTheme(page, 'Light Modern');
      await board.locator('body.vscode-light').waitFor();
      await screenshot(page, 'board-3-light');
    });
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
});
