import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFile, openThaw, tick, view, workbenchTest } from './workbench.ts';

workbenchTest('a click on a checkbox trains a block, undo freezes it again, and Space ticks the row in focus', async ({ page, workspace }) => {
  const text = 'thaw: 1\ndata: { folder: photos }\nstages:\n  - name: thaw\n    train: [head]   # kept\n';
  await writeFile(join(workspace, 'ticks.thaw.yaml'), text);
  await openFile(page, 'ticks.thaw.yaml');
  await openThaw(page);
  const block = view(page, 'Layers').getByRole('treeitem', { name: /^blocks\.6,/ });
  await block.waitFor();
  assert.match(await block.getAttribute('aria-label') ?? '', /not ticked/);
  await tick(block, view(page, 'Layers').getByRole('treeitem', { name: /^blocks\.6, trains/ }));
  const code = page.locator('.monaco-editor .view-lines').first();
  await code.filter({ hasText: /train:\s\[head,\sblocks\.6\]\s+#\skept/ }).waitFor();
  await code.click();
  await page.keyboard.press('ControlOrMeta+z');
  await view(page, 'Layers').getByRole('treeitem', { name: /^blocks\.6, not ticked/ }).waitFor();

  await view(page, 'Layers').getByRole('treeitem', { name: /^blocks\.4,/ }).click({ position: { x: 120, y: 8 } });
  await page.keyboard.press('ArrowDown'); // moves the focus; the row above stays selected
  await page.keyboard.press('Space');
  await code.filter({ hasText: /train:\s\[head,\sblocks\.5\]\s+#\skept/ }).waitFor();
  assert.equal(await view(page, 'Layers').getByRole('treeitem', { name: /^blocks\.5, trains/ }).getAttribute('aria-expanded'), 'false', 'it was ticked, not unfolded');
});

workbenchTest('a tick, by mouse or keyboard, of a row that is selected with others ticks them all, and one undo takes it back', async ({ page, workspace }) => {
  await writeFile(join(workspace, 'ticks.thaw.yaml'), 'thaw: 1\ndata: { folder: photos }\nstages:\n  - train: [head]   # kept\n');
  await openFile(page, 'ticks.thaw.yaml');
  await openThaw(page);
  const row = (path: string) => view(page, 'Layers').getByRole('treeitem', { name: new RegExp(`^${path.replace('.', '\\.')},`) }), code = page.locator('.monaco-editor .view-lines').first();
  await row('blocks.4').click({ position: { x: 120, y: 8 } });
  await row('blocks.6').click({ position: { x: 120, y: 8 }, modifiers: ['Shift'] });
  await tick(row('blocks.5'), code.filter({ hasText: /train:\s\[head,\sblocks\.4,\sblocks\.5,\sblocks\.6\]\s+#\skept/ }));
  await view(page, 'Layers').getByRole('treeitem', { name: /^blocks\.5, trains/ }).waitFor(); // drawn again: before that the keys mean the rows as they were
  await page.keyboard.press('Space');
  await code.filter({ hasText: /train:\s\[head\]\s+#\skept/ }).waitFor();
  await code.click();
  await page.keyboard.press('ControlOrMeta+z');
  await code.filter({ hasText: /train:\s\[head,\sblocks\.4,\sblocks\.5,\sblocks\.6\]\s+#\skept/ }).waitFor();
});
