import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { explorerContextMenu, openFile, openThaw, runCommand, screenshot, view, workbenchTest } from './workbench.ts';

workbenchTest('in a workspace that is not trusted, experiments can be browsed and nothing trains', async ({ page, workspace }) => {
  await page.getByText(/Restricted Mode/).first().waitFor();
  await writeFile(join(workspace, 'photos.thaw.yaml'), 'thaw: 1\ndata: { folder: photos }\n');
  await openThaw(page);
  await openFile(page, 'photos.thaw.yaml');
  await view(page, 'Layers').getByRole('treeitem', { name: /blocks\.6/ }).waitFor();
  await view(page, 'Runs').getByText('This workspace is not trusted: runs can be browsed, not started.').waitFor();

  const refused = page.getByText(/needs a trusted workspace: it starts a program that reads this folder's files/);
  await runCommand(page, 'Thaw: Run Experiment');
  await refused.first().waitFor();
  await screenshot(page, 'untrusted');
  await runCommand(page, 'Notifications: Clear All Notifications');
  await page.getByRole('tab', { name: 'Explorer' }).first().click();
  await explorerContextMenu(page, 'photos', 'Fine-Tune This Folder');
  await refused.first().waitFor();
  assert.ok(!existsSync(join(workspace, '.thaw')), 'nothing was started');
}, { settings: { 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never', 'security.workspace.trust.emptyWindow': false } });
