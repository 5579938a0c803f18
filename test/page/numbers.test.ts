import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { photoWorkspace } from '../support/photoWorkspace.ts';
import { openFile, runCommand, screenshot, setTheme, webviewFrame, workbenchTest } from './workbench.ts';

const text = 'thaw: 1\ntask: image-regression\nbackbone: resnet20_cifar10\ndata: { manifest: prices.csv }\nstages:\n  - { name: thaw, train: [head, layer3], epochs: 4, augment: none, loss: huber }\ncontrols: [blind, random-features]\n';

workbenchTest('where numbers are learnt the dashboard judges errors and shows the photos that are farthest off, which may lie outside the manifest\'s folder', async ({ page, workspace }) => {
  await photoWorkspace(workspace, { classes: 3, perClass: 30 });
  const rows = (await Promise.all((await readdir(join(workspace, 'photos'))).map(async (kind, n) => (await readdir(join(workspace, 'photos', kind))).map((name, i) => `../photos/${kind}/${name};${100 * n + i}`)))).flat();
  await mkdir(join(workspace, 'lists'));
  await writeFile(join(workspace, 'lists', 'prices.csv'), ['image;price', ...rows].join('\n'));
  await writeFile(join(workspace, 'lists', 'prices.thaw.yaml'), text);
  await openFile(page, 'prices.thaw.yaml');
  await page.locator('.editor-actions').getByRole('button', { name: 'Run Experiment' }).click();
  const dashboard = webviewFrame(page);
  await dashboard.getByText(/^Finished · R² .* · mean absolute error \d/).waitFor({ timeout: 120_000 });
  assert.match(await dashboard.getByRole('region', { name: 'Verdict' }).innerText(), /the run was \d+(\.\d+)? off on average, the same plan on random weights \d+(\.\d+)? off; .* sign-flip p/);
  await runCommand(page, 'View: Close Other Editors in Group');
  await dashboard.getByRole('tab', { name: 'Farthest Off' }).click();
  const photo = dashboard.locator('.mistake img').first();
  await photo.scrollIntoViewIfNeeded();
  await assert.doesNotReject(async () => {
    for (let tries = 0; await photo.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth) === 0; tries++) {
      assert.ok(tries < 50, 'the photo is loaded');
      await page.waitForTimeout(100);
    }
  });
  await screenshot(page, 'numbers-farthest');
  await dashboard.getByRole('tab', { name: 'Nearer and Farther' }).click();
  await dashboard.getByText(/^Nearer: \d+ test photos? on which the run is nearer/).waitFor();
  await dashboard.getByRole('tab', { name: 'Numbers' }).click();
  await dashboard.getByText('Predicted over true').scrollIntoViewIfNeeded();
  await screenshot(page, 'numbers-plots');
  for (const [theme, name] of [['Light Modern', 'light'], ['Dark High Contrast', 'contrast']] as const) {
    await setTheme(page, theme);
    await dashboard.getByText('Predicted over true').scrollIntoViewIfNeeded();
    await screenshot(page, `numbers-plots-${name}`);
  }
});
