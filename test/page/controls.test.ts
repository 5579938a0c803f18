import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contextMenu, openFile, openThaw, quickPick, runCommand, screenshot, view, webviewFrame, workbenchTest } from './workbench.ts';

const short = 'thaw: 1\ndata: { folder: photos } # ours\nstages:\n  - { name: probe, train: [head], epochs: 400 }\nstop: { patience: 1000 }\ncontrols: [blind]\n';

workbenchTest('a control is added from the verdict card, stopped and resumed on its row, the verdict then knows it, two more seeds confirm it, and one click on its advice edits the experiment', async ({ page, workspace }) => {
  const file = join(workspace, 'short.thaw.yaml');
  await writeFile(file, short);
  await openFile(page, 'short.thaw.yaml');
  await page.locator('.editor-actions').getByRole('button', { name: 'Run Experiment' }).click();
  const dashboard = webviewFrame(page), verdict = dashboard.getByRole('region', { name: 'Verdict' });
  await dashboard.getByText(/^Finished/).waitFor({ timeout: 120_000 });
  await verdict.getByText(/No control was run that differs/).waitFor();

  await verdict.getByRole('button', { name: 'Add Control…' }).click();
  await quickPick(page).getByRole('option', { name: /^random backbone/ }).click();
  await openThaw(page);
  await view(page, 'Runs').getByRole('treeitem', { name: /^Run short/ }).locator('.monaco-tl-twistie').click();
  const row = view(page, 'Runs').getByRole('treeitem', { name: /^Control random backbone/ });
  await contextMenu(page, row, 'Stop Run');
  await view(page, 'Runs').getByRole('treeitem', { name: /^Control random backbone, stopped/ }).waitFor();
  await row.hover();
  await screenshot(page, 'control-interrupted');
  await contextMenu(page, row, 'Resume Run');
  await verdict.getByText(/^On the same \d+ test items the run got \d+ right .* the same plan on random weights/).waitFor({ timeout: 120_000 });
  assert.match(await dashboard.getByRole('tab', { name: 'Fixed and Broken' }).innerText(), /Fixed/);
  await dashboard.getByRole('tab', { name: 'Fixed and Broken' }).click();
  await dashboard.getByRole('region', { name: /^Fixed: \d+ test photos? that only the run got right/ }).waitFor();

  await verdict.getByRole('button', { name: 'Confirm with 3 Seeds' }).click();
  await verdict.getByText(/Over 3 seeds on the same \d+ test items/).waitFor({ timeout: 120_000 });
  for (const seed of [2, 3]) await view(page, 'Runs').getByRole('treeitem', { name: new RegExp(`^Run short \\(seed ${seed}\\)`) }).waitFor();

  const advice = dashboard.getByRole('region', { name: 'Advice' });
  await advice.getByText(/There are too few test items to tell/).waitFor();
  await advice.scrollIntoViewIfNeeded();
  await screenshot(page, 'controls-dark');
  await runCommand(page, 'Preferences: Toggle between Light/Dark Themes');
  await page.locator('.monaco-workbench.vs').waitFor();
  await screenshot(page, 'controls-light');
  await advice.getByRole('button', { name: /^Test on \d+ % of the photos/ }).click();
  for (let tries = 0; (await readFile(file, 'utf8')) === short; tries++) { // saved by itself, as VS Code in a browser does
    assert.ok(tries < 100, 'the experiment file is edited');
    await page.waitForTimeout(200);
  }
  assert.match(await readFile(file, 'utf8'), /^data: \{ folder: photos, split: \{ train: \d+%, validation: 15%, test: \d+% \} \} # ours$/m);
});
