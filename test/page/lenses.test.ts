import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { clickLens, contextMenu, openFile, openThaw, runCommand, view, webviewFrame, workbenchTest } from './workbench.ts';

const text = 'thaw: 1\nbackbone: resnet20_cifar10\ndata: { folder: photos }\nstages:\n  - { name: probe, train: [head], epochs: 2 } # kept\ncontrols: [blind]\n';

const diff = (page: Page, name: string | RegExp) => page.getByRole('tab', { name }).first();

workbenchTest('the lines above an experiment do what they say: predict, add a stage, run, compare; and two runs\' plans are compared from their rows', async ({ page, workspace }) => {
  await writeFile(join(workspace, 'lens.thaw.yaml'), text);
  await openFile(page, 'lens.thaw.yaml');
  await openThaw(page);
  const code = page.locator('.monaco-editor .view-lines').first(), frame = webviewFrame(page);
  await clickLens(page, 'Predict cost', frame.getByRole('heading', { name: 'Time, predicted' }));

  await clickLens(page, 'Add a stage', code.filter({ hasText: /name:\sfine-tune/ }));
  await frame.getByText('fine-tune').first().waitFor(); // the preview follows
  await view(page, 'Layers').getByText(/stage 2 of 2/).waitFor();
  await code.getByText('kept').click();
  await page.keyboard.press('ControlOrMeta+z');
  await code.filter({ hasNotText: 'fine-tune' }).waitFor();
  await runCommand(page, 'File: Save');
  await runCommand(page, 'View: Close Other Editors in Group');
  await runCommand(page, 'View: Close Editors in Other Groups');

  for (const times of [1, 2]) {
    await clickLens(page, /^ ?Run$/, view(page, 'Runs').getByRole('treeitem', { name: /^Run lens/ }).nth(times - 1));
    await view(page, 'Runs').getByRole('treeitem', { name: /^Run lens.*transfer not assessed/ }).nth(times - 1).waitFor({ timeout: 120_000 });
  }
  await page.locator('.codelens-decoration').getByText(/Last run: \d/).waitFor();
  await code.getByText('kept').click();
  await page.keyboard.press('End');
  await page.keyboard.type(', and more');
  await clickLens(page, 'Compare with last run', diff(page, /lens, .* ↔ lens\.thaw\.yaml now/));

  await contextMenu(page, view(page, 'Runs').getByRole('treeitem', { name: /^Run lens/ }).first(), 'Compare Plans…'); // there is one other: nobody is asked
  await diff(page, /lens, \S+( [AP]M)? ↔ lens, /).waitFor();
});
