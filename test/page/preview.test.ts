import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFile, openThaw, screenshot, setTheme, view, webviewFrame, workbenchTest } from './workbench.ts';

const text = `# Linear probe, then fine-tune.
thaw: 1
data: { folder: photos }
stages:
  - name: probe
    train: [head]
    epochs: 20
  - name: thaw
    train: [blocks.6, conv_head, head]   # kept
    epochs: 15
    rate: 3e-4
controls: [blind, knn, random-features, scratch]
`;

workbenchTest('the preview shows what a plan would do and cost while it is typed, and a cut chosen there is written to the file', async ({ page, workspace }) => {
  await writeFile(join(workspace, 'plan.thaw.yaml'), text);
  await openFile(page, 'plan.thaw.yaml');
  await openThaw(page);
  await page.locator('.editor-actions').getByRole('button', { name: 'Preview Plan' }).click();
  const preview = webviewFrame(page), code = page.locator('.monaco-editor .view-lines').first();
  await preview.getByRole('heading', { name: 'Time, predicted' }).waitFor();
  assert.match(await preview.getByRole('status').first().innerText(), /at most.*memory.*24 photos, 3 classes/);
  assert.equal(await preview.locator('tbody[aria-label="Stage thaw"]').getByText('trains', { exact: true }).count(), 3);
  const cut = (path: string) => preview.getByRole('button', { name: new RegExp(`^Train from ${path.replace('.', '\\.')}:`) });
  assert.equal(await cut('blocks.6').getAttribute('aria-pressed'), 'true');
  await screenshot(page, 'preview-dark');

  await cut('blocks.5').focus();
  await page.keyboard.press('Enter');
  await code.filter({ hasText: /train:\s\[blocks\.6,\sconv_head,\shead,\sblocks\.5\]\s+#\skept/ }).waitFor();
  await preview.getByRole('button', { name: /^Train from blocks\.5:.*as it is/ }).waitFor();
  assert.equal(await cut('blocks.5').evaluate((button) => button.matches(':focus')), true);
  await view(page, 'Layers').getByRole('treeitem', { name: /^blocks\.5, trains/ }).waitFor();

  await preview.getByText('Every value, and where it came from').click();
  await preview.getByRole('row', { name: /^stages\.1\.rate 0\.0003 file/ }).waitFor();
  await setTheme(page, 'Light Modern');
  await screenshot(page, 'preview-light');
  await preview.getByText('Every value, and where it came from').click();
  await setTheme(page, 'Dark High Contrast');
  await screenshot(page, 'preview-contrast');

  await code.getByText('epochs').first().click();
  await page.keyboard.press('End');
  await page.keyboard.type(' {');
  await preview.getByText('This is the last plan that could be read.').waitFor();
  assert.equal(await cut('head').isDisabled(), true);
  await view(page, 'Layers').getByText('This is the last plan that could be read.').waitFor();
  await setTheme(page, 'Dark Modern');
  await screenshot(page, 'preview-broken');
  for (let n = 0; n < 2; n++) await page.keyboard.press('Backspace');
  await cut('head').and(preview.locator(':enabled')).waitFor();

  await page.keyboard.press('ControlOrMeta+s');
  await page.waitForTimeout(7000); // VS Code in a browser stores which editors are open every five seconds
  await page.reload({ waitUntil: 'domcontentloaded' });
  await preview.getByRole('button', { name: /^Train from blocks\.5:.*as it is/ }).waitFor();
});
