import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explorerContextMenu, inWorkbench, openThaw, quickPick, runCommand, screenshot, view, webviewFrame } from './workbench.ts';
import { photoWorkspace } from '../support/photoWorkspace.ts';
import { test } from 'node:test';

/** The main job as a person does it: right-click, Enter, watch, read the verdict, look at the mistakes, tick a layer. */
void test('a right-click on a folder of photos leads to a judged model, watched in the dashboard', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-photos-'));
  try {
    const workspace = await photoWorkspace(folder, { classes: 4, perClass: 24 });
    await inWorkbench('fine-tune', { workspace, settings: { 'thaw.scratchBudget': '20 s' } }, async ({ page }) => {
      await explorerContextMenu(page, 'photos', 'Fine-Tune This Folder');
      await quickPick(page).getByRole('option', { name: /Few images.*recommended/ }).waitFor();
      await screenshot(page, 'fine-tune-1-plans');
      const time = quickPick(page).getByRole('option', { name: /Time for training/ });
      assert.match(await time.innerText(), /no limit/);
      await time.click();
      await quickPick(page).getByRole('option', { name: '5 min', exact: true }).click();
      await quickPick(page).getByRole('option', { name: /Time for training.*5 min/ }).waitFor();
      assert.match(await quickPick(page).locator('input').getAttribute('placeholder') ?? '', /fits the 5\.0 min that there are/);
      await quickPick(page).getByRole('option', { name: /Few images.*recommended/ }).waitFor();
      await screenshot(page, 'fine-tune-1-time');
      await page.keyboard.press('Enter');

      const dashboard = webviewFrame(page);
      await dashboard.getByRole('heading', { name: 'photos' }).waitFor();
      assert.match(await readFile(join(workspace, 'photos.thaw.yaml'), 'utf8'), /^# .*fits the 5\.0 min that there are[\s\S]*^budget: 5 min /m);
      await dashboard.getByText(/Trained: .* of \d+ test images right|Finished/).waitFor({ timeout: 120_000 });
      await openThaw(page);
      await screenshot(page, 'fine-tune-2-judging');
      await dashboard.getByText(/^Finished/).waitFor({ timeout: 180_000 });
      const verdict = dashboard.getByRole('region', { name: 'Verdict' });
      assert.match(await verdict.innerText(), /(helps|hurts|Not shown|Not assessed)[\s\S]*this run[\s\S]*blind guess/);
      await screenshot(page, 'fine-tune-3-finished');

      await dashboard.getByRole('tab', { name: 'Confusion' }).click();
      assert.equal(await dashboard.locator('table.confusion tbody tr').count(), 4);
      await screenshot(page, 'fine-tune-4-confusion');

      await view(page, 'Runs').getByRole('treeitem', { name: /photos/ }).first().waitFor();
      await view(page, 'Layers').getByRole('treeitem', { name: /blocks\.6/ }).waitFor();
    });
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
});

for (const [name, theme] of [['light', 'Default Light Modern'], ['contrast', 'Default High Contrast']] as const) {
  void test(`the walkthrough and the sidebar are readable in the ${name} theme`, async () => {
    await inWorkbench(`theme ${name}`, { settings: { 'workbench.colorTheme': theme } }, async ({ page }) => {
      await openThaw(page);
      await runCommand(page, 'Welcome: Open Walkthrough');
      await quickPick(page).getByRole('option', { name: /Thaw/ }).first().click();
      await page.getByText(/Fine-tune/i).first().waitFor();
      await screenshot(page, `walkthrough-${name}`);
    });
  });
}
