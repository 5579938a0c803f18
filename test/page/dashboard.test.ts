import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFile, runCommand, screenshot, webviewFrame, workbenchTest } from './workbench.ts';

const short = 'thaw: 1\ndata: { folder: photos }\nstages:\n  - { name: probe, train: [head], epochs: 3 }\ncontrols: [blind, knn]\n';

workbenchTest('the dashboard comes back as it was after another editor hid it, and its charts follow the theme', async ({ page, workspace }) => {
  await writeFile(join(workspace, 'short.thaw.yaml'), short);
  await openFile(page, 'short.thaw.yaml');
  await page.locator('.editor-actions').getByRole('button', { name: 'Run Experiment' }).click();
  const dashboard = webviewFrame(page);
  await dashboard.getByText(/^Finished/).waitFor({ timeout: 120_000 });
  const verdict = await dashboard.getByRole('region', { name: 'Verdict' }).innerText();

  await page.getByRole('tab', { name: /^Run: short/ }).click();
  await runCommand(page, 'File: New Untitled Text File'); // in the group of the dashboard, in front of it
  await dashboard.getByText(/^Finished/).waitFor({ state: 'hidden' });
  await runCommand(page, 'View: Open Previous Editor in Group');
  await dashboard.getByText(/^Finished/).waitFor();
  assert.equal(await dashboard.getByRole('region', { name: 'Verdict' }).innerText(), verdict);

  const chart = dashboard.locator('canvas').first();
  const drawn = (): Promise<string> => chart.evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL());
  const dark = await drawn();
  await screenshot(page, 'dashboard-dark');
  await runCommand(page, 'Preferences: Toggle between Light/Dark Themes');
  await page.locator('.monaco-workbench.vs').waitFor();
  await assert.doesNotReject(async () => {
    for (let tries = 0; await drawn() === dark; tries++) {
      assert.ok(tries < 50, 'the chart is drawn in the colours of the new theme');
      await page.waitForTimeout(100);
    }
  });
  await screenshot(page, 'dashboard-light');
});
