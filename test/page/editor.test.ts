import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { inWorkbench, openFile, screenshot } from './workbench.ts';

const text = `# Probe, then the top blocks
thaw: 1
data: { folder: photos }
backbone: efficientnet_lite0
stages:
  - { name: probe, train: [head], epochs: 20, rate: 3e-3 }
  - name: thaw
    train: [head, blocks.6, blocks.6.0]
    rate: 3e-3
    warmup: 60%
`;

for (const [name, theme] of [['dark', 'Default Dark Modern'], ['light', 'Default Light Modern']] as const) {
  void test(`lens, remarks and hover stand in the experiment file in the ${name} theme`, async () => {
    await inWorkbench(`editor ${name}`, { settings: { 'workbench.colorTheme': theme } }, async ({ page, workspace }) => {
      await writeFile(join(workspace, 'editor.thaw.yaml'), text);
      await openFile(page, 'editor.thaw.yaml');
      await page.locator('.codelens-decoration a', { hasText: 'Run' }).waitFor();
      await page.locator('.squiggly-warning').first().waitFor();
      await page.locator('.view-line span', { hasText: /^blocks\.6$|blocks\.6/ }).last().hover();
      const hover = page.locator('.monaco-hover:visible', { hasText: 'parameters' });
      await hover.waitFor();
      assert.match(await hover.innerText(), /% of the network/);
      await screenshot(page, `editor-${name}`);
    });
  });
}
