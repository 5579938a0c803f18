import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { photoWorkspace } from '../support/photoWorkspace.ts';
import { openFile, openThaw, runCommand, screenshot, setTheme, view, webviewFrame, workbenchTest } from './workbench.ts';

const text = 'thaw: 1\ntask: image-regression\nbackbone: resnet20_cifar10\ndata: { manifest: prices.csv }\nstages:\n  - { name: thaw, train: [head, layer3], epochs: 4, augment: none, loss: huber }\ncontrols: [blind, random-features]\n';
/** Labels that say nothing of the photos: what the pretrained features know is no more than what random ones do. */
const coin = 'thaw: 1\nbackbone: resnet20_cifar10\ndata: { manifest: coin.csv, split: { train: 25%, validation: 15%, test: 60% } }\nstages:\n  - { name: thaw, train: [head, layer3], epochs: 2, augment: none }\ncontrols: [knn, random-features]\n';

workbenchTest('where numbers are learnt the dashboard judges errors and shows the photos that are farthest off, which may lie outside the manifest\'s folder; advice to run a control trains it at a click', async ({ page, workspace }) => {
  await photoWorkspace(workspace, { classes: 3, perClass: 30 });
  const rows = (await Promise.all((await readdir(join(workspace, 'photos'))).map(async (kind, n) => (await readdir(join(workspace, 'photos', kind))).map((name, i) => `../photos/${kind}/${name};${100 * n + i}`)))).flat();
  await mkdir(join(workspace, 'lists'));
  await writeFile(join(workspace, 'lists', 'prices.csv'), ['image;price', ...rows].join('\n'));
  await writeFile(join(workspace, 'lists', 'prices.thaw.yaml'), text);
  const photos = (await Promise.all((await readdir(join(workspace, 'photos'))).map(async (kind) => (await readdir(join(workspace, 'photos', kind))).map((name) => `photos/${kind}/${name}`)))).flat().sort();
  await writeFile(join(workspace, 'coin.csv'), ['image,label', ...photos.map((photo, i) => `${photo},${Math.floor(i / 3) % 2 ? 'heads' : 'tails'}`)].join('\n'));
  await writeFile(join(workspace, 'coin.thaw.yaml'), coin);
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

  await runCommand(page, 'View: Close All Editors');
  await openFile(page, 'coin.thaw.yaml');
  await page.locator('.editor-actions').getByRole('button', { name: 'Run Experiment' }).click();
  const advice = dashboard.getByRole('region', { name: 'Advice' }), probe = advice.getByRole('button', { name: 'Run the linear probe' });
  await advice.getByText(/^The source does not fit: the pretrained features tell these classes apart no better than random ones/).waitFor({ timeout: 120_000 });
  await probe.click();
  await dashboard.getByRole('img', { name: /linear probe \d/ }).waitFor({ timeout: 120_000 });
  await openThaw(page);
  await view(page, 'Runs').getByRole('treeitem', { name: /^Run coin/ }).locator('.monaco-tl-twistie').click();
  await view(page, 'Runs').getByRole('treeitem', { name: /^Control linear probe/ }).waitFor();
  await screenshot(page, 'advice-queued');
  assert.equal(await probe.count(), 0, 'what was done is advised no more');
});
