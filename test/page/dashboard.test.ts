import assert from 'node:assert/strict';
import { cp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { photoWorkspace } from '../support/photoWorkspace.ts';
import { cancel, contextMenu, notifications, openFile, openThaw, quickPick, runCommand, screenshot, view, webviewFrame, workbenchTest } from './workbench.ts';

/** Trains enough for Transfer to have something to show. */
const looking = 'thaw: 1\nbackbone: resnet20_cifar10\ndata: { folder: photos }\nsourceData: before\nstages:\n  - { name: thaw, train: [head, layer2, layer3], epochs: 4, augment: none }\ncontrols: [blind]\n';
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

workbenchTest('Calibration and Transfer show what the run found when it looked back', async ({ page, workspace }) => {
  await photoWorkspace(workspace, { classes: 3, perClass: 45 });
  for (const [from, to] of [['cardboard', 'trucks'], ['glass', 'birds']] as const) await cp(join(workspace, 'photos', from), join(workspace, 'before', to), { recursive: true });
  await writeFile(join(workspace, 'looking.thaw.yaml'), looking);
  await openFile(page, 'looking.thaw.yaml');
  await page.locator('.editor-actions').getByRole('button', { name: 'Run Experiment' }).click();
  const dashboard = webviewFrame(page);
  await dashboard.getByText(/^Finished/).waitFor({ timeout: 120_000 });
  await runCommand(page, 'View: Close Other Editors in Group'); // nothing beside it: all columns can be seen
  for (const theme of ['dark', 'light']) {
    await dashboard.getByRole('tab', { name: 'Calibration' }).click();
    await dashboard.getByText(/^Calibration error \d+\.\d % on \d+ test images/).scrollIntoViewIfNeeded();
    await page.mouse.wheel(0, 2000);
    await screenshot(page, `calibration-${theme}`);
    await dashboard.getByRole('tab', { name: 'Transfer' }).click();
    assert.match(await dashboard.getByRole('row', { name: /^layer3/ }).innerText(), /^layer3\s+\d+\.\d %\s+\d\.\d\d\s+-?\d\.\d\d\s+[+−]?\d+\.\d \(/);
    await dashboard.getByText(/^Source accuracy on .*before, with the source’s own head: \d/).scrollIntoViewIfNeeded();
    await screenshot(page, `forgetting-${theme}`);
    await dashboard.getByText(/^Source-head drift/).scrollIntoViewIfNeeded();
    await screenshot(page, `transfer-${theme}`);
    if (theme === 'dark') await runCommand(page, 'Preferences: Toggle between Light/Dark Themes');
  }

  await dashboard.getByRole('tab', { name: 'Mistakes' }).click();
  const mistake = dashboard.getByRole('button', { name: /^Explain / }).first();
  await mistake.scrollIntoViewIfNeeded();
  await mistake.focus();
  await screenshot(page, 'explain-button');
  await mistake.click();
  await page.getByRole('tab', { name: /-[0-9a-f]{6}\.png/ }).waitFor({ timeout: 60_000 });
  await page.getByText(/map correlates −?\d\.\d\d with that of random weights|not to be trusted/).first().waitFor();
  await screenshot(page, 'explained');

  await openThaw(page);
  await contextMenu(page, view(page, 'Runs').getByRole('treeitem', { name: /^Run looking/ }), 'Explain Predictions…');
  await quickPick(page).getByRole('option', { name: /worst mistakes|The mistake/ }).click();
  await cancel(page, /Explaining what looking sees/);
  await page.waitForTimeout(1000); // a failure would be said, and maps be listed, by now
  assert.deepEqual([await notifications(page).count(), await quickPick(page).count()], [0, 0], 'nothing is said: the person knows');
});

workbenchTest('photos that seem to stand in the wrong class are shown, and open', async ({ page, workspace }) => {
  for (const label of ['cardboard', 'glass', 'metal']) await rm(join(workspace, 'photos', label), { recursive: true, force: true });
  await photoWorkspace(workspace, { classes: 3, perClass: 45 });
  await rename(join(workspace, 'photos', 'cardboard', 'cardboard111.jpg'), join(workspace, 'photos', 'metal', 'cardboard111.jpg'));
  await writeFile(join(workspace, 'doubted.thaw.yaml'), short);
  await openFile(page, 'doubted.thaw.yaml');
  await page.locator('.editor-actions').getByRole('button', { name: 'Run Experiment' }).click();
  const dashboard = webviewFrame(page);
  await dashboard.getByText(/^Finished/).waitFor({ timeout: 120_000 });
  await runCommand(page, 'View: Close Other Editors in Group'); // nothing beside it: all tabs can be seen
  await dashboard.getByRole('tab', { name: 'Data' }).click();
  const photo = dashboard.getByRole('button', { name: /^metal\/cardboard111\.jpg: it stands in "metal", but \d+ of the 10 photos .* stand in "cardboard"/ });
  await photo.scrollIntoViewIfNeeded();
  const width = await photo.locator('img').evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth);
  assert.ok(width > 0, 'the picture is there');
  await screenshot(page, 'doubted-labels');
  await photo.click();
  await page.getByRole('tab', { name: 'cardboard111.jpg' }).waitFor();
});
