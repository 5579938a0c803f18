import assert from 'node:assert/strict';
import { openThaw, screenshot, view, workbenchTest } from './workbench.ts';

workbenchTest('the Thaw container shows its three views', async ({ page }) => {
  await openThaw(page);
  for (const title of ['Backbones', 'Layers', 'Runs'] as const) {
    assert.equal(await view(page, title).count(), 1, title);
    await view(page, title).waitFor();
  }
  await view(page, 'Backbones').getByRole('treeitem', { name: 'EfficientNet-Lite0' }).waitFor();
  await screenshot(page, 'sidebar');
});
