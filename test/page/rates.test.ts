import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clickLens, openFile, runCommand, screenshot, webviewFrame, workbenchTest } from './workbench.ts';

const text = 'thaw: 1\ndata: { folder: photos }\nstages:\n  - { name: probe, train: [head], epochs: 3, rate: 1e-5 } # too shy\nbatch: 8\n';

workbenchTest('Find Learning Rate draws its test, one click writes a rate into the file, and undo takes it back', async ({ page, workspace }) => {
  const file = join(workspace, 'shy.thaw.yaml');
  await writeFile(file, text);
  await openFile(page, 'shy.thaw.yaml');
  await clickLens(page, 'Find learning rate', page.locator('iframe.webview.ready:visible'));
  const rates = webviewFrame(page);
  await rates.getByText(/^Today's 1e-5 is below all of them/).waitFor({ timeout: 120_000 });
  await screenshot(page, 'rates-dark');

  const use = rates.getByRole('button', { name: /, valley$/ }), suggested = /Use (\S+),/.exec(await use.getAttribute('aria-label') ?? '')?.[1] ?? '';
  assert.ok(Number(suggested) > 1e-4 && Number(suggested) < 1e-1, suggested);
  await use.click();
  await rates.getByText(`Today's ${suggested} is about where it should be.`).waitFor();
  await page.locator('.view-line').filter({ hasText: 'too shy' }).click();
  await runCommand(page, 'File: Save');
  await assert.doesNotReject(async () => {
    for (let tries = 0; !(await readFile(file, 'utf8')).includes(`rate: ${Number(suggested)} } # too shy`); tries++) {
      assert.ok(tries < 50, await readFile(file, 'utf8'));
      await page.waitForTimeout(100);
    }
  });
  await page.keyboard.press('Control+z');
  await rates.getByText(/^Today's 1e-5/).waitFor();

  await runCommand(page, 'Preferences: Toggle between Light/Dark Themes');
  await page.locator('.monaco-workbench.vs').waitFor();
  await page.waitForTimeout(500);
  await screenshot(page, 'rates-light');
});

workbenchTest('the rates page is readable in high contrast, and in a narrow column', async ({ page, workspace }) => {
  await writeFile(join(workspace, 'shy.thaw.yaml'), text.replace('data:', 'backbone: resnet20_cifar10\ndata:'));
  await openFile(page, 'shy.thaw.yaml');
  await clickLens(page, 'Find learning rate', page.locator('iframe.webview.ready:visible'));
  const rates = webviewFrame(page);
  await rates.getByRole('button', { name: /, valley$/ }).waitFor({ timeout: 120_000 });
  await page.waitForTimeout(500);
  await screenshot(page, 'rates-contrast');
  await page.setViewportSize({ width: 900, height: 800 });
  await page.waitForTimeout(500);
  await screenshot(page, 'rates-narrow');
}, { settings: { 'workbench.colorTheme': 'Default High Contrast' } });
