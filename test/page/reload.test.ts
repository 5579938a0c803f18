import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFile, openThaw, screenshot, view, webviewFrame, workbenchTest } from './workbench.ts';

/** Trains until it is stopped. */
const endless = 'thaw: 1\ndata: { folder: photos }\nstages:\n  - { name: thaw, train: [blocks.6, conv_head, head], epochs: 10000 }\nstop: { patience: 10000 }\ncontrols: [blind, knn]\n';

workbenchTest('a run outlives the window: after a reload status bar, tree and dashboard find it again', async ({ page, workspace }) => {
  await writeFile(join(workspace, 'endless.thaw.yaml'), endless);
  await openFile(page, 'endless.thaw.yaml');
  await page.locator('.editor-actions').getByRole('button', { name: 'Run Experiment' }).click();
  const status = page.getByRole('button', { name: /Thaw is training: endless: epoch \d+/ });
  await status.waitFor();
  await webviewFrame(page).getByRole('status').filter({ hasText: 'Training' }).waitFor();

  await page.waitForTimeout(7000); // VS Code in a browser stores which editors are open every five seconds
  await page.reload({ waitUntil: 'domcontentloaded' });
  await status.waitFor();
  await webviewFrame(page).getByRole('status').filter({ hasText: 'Training' }).waitFor();
  await openThaw(page);
  const row = view(page, 'Runs').getByRole('treeitem', { name: /^Run endless/ });
  assert.match(await row.first().getAttribute('aria-label') ?? '', /training/);
  await screenshot(page, 'after a reload');

  await webviewFrame(page).getByRole('button', { name: 'Stop' }).click();
  await view(page, 'Runs').getByRole('treeitem', { name: /^Run endless, stopped/ }).waitFor();
  await status.waitFor({ state: 'hidden' });
});
