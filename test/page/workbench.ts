/** Hands and eyes for tests in the real workbench: what a person does with the mouse, and what is then on screen. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { openEditor, type Editor, type EditorOptions } from '../support/editor.ts';
import { repoRoot } from '../support/root.ts';

const screenshots = join(repoRoot, 'out', 'screenshots');

/** One test in a workbench of its own. */
export function workbenchTest(title: string, body: (workbench: Editor) => Promise<void>, options: EditorOptions = {}): void {
  void test(title, () => inWorkbench(title, options, body));
}

/**
 * Opens a workbench, does `body`, ends it. When that fails, out/screenshots/ holds the last screen and what VS Code's
 * server said; an error or a refused load inside one of our webviews is a failure too.
 */
export async function inWorkbench(title: string, options: EditorOptions, body: (workbench: Editor) => Promise<void>): Promise<void> {
  await using workbench = await openWorkbench(options);
  try {
    await body(workbench);
    assert.deepEqual(workbench.webviewProblems, [], 'the webviews met no error and loaded nothing that their CSP forbids');
  } catch (error) {
    const name = `failed ${title}`.replace(/[^\w-]+/g, '-');
    await screenshot(workbench.page, name);
    await writeFile(join(screenshots, `${name}.log`), workbench.serverLog());
    throw error;
  }
}

/** VS Code with a folder open, its explorer filled. */
export async function openWorkbench(options: EditorOptions = {}): Promise<Editor> {
  const editor = await openEditor(options);
  await explorerItem(editor.page).first().waitFor();
  return editor;
}

/** out/screenshots/<name>.png */
export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
}

/** A file or folder in the Explorer; without a name, all of them. */
export function explorerItem(page: Page, name?: string): Locator {
  const tree = page.getByRole('tree', { name: 'Files Explorer' });
  return name === undefined ? tree.getByRole('treeitem') : tree.getByRole('treeitem', { name, exact: true });
}

/** Right-clicks an item of the Explorer and chooses an entry. A menu opened before our extension is known lacks its entries, so that is waited for. */
export async function explorerContextMenu(page: Page, item: string, entry: string): Promise<void> {
  await page.getByRole('tab', { name: 'Thaw', exact: true }).waitFor();
  await contextMenu(page, explorerItem(page, item), entry);
}

/** Right-clicks anything and chooses an entry of the menu that opens: again, when an editor or a row that was drawn anew closed it. */
export async function contextMenu(page: Page, target: Locator, entry: string): Promise<void> {
  const item = page.getByRole('menuitem', { name: entry, exact: true });
  for (let triesLeft = 5; ; triesLeft--) {
    await target.click({ button: 'right' });
    try {
      await item.hover({ timeout: 5000 });
      await page.waitForTimeout(300); // a menu that has just opened takes no click, lest it were the one that opened it
      return await item.click({ timeout: 5000 });
    } catch (error) {
      if (triesLeft === 0) throw error;
      await page.keyboard.press('Escape');
    }
  }
}

/** Runs a command by its full title ("Thaw: Open Dashboard") from the palette. */
export async function runCommand(page: Page, title: string): Promise<void> {
  await intoPalette(page, `>${title}`);
  await quickPick(page).getByRole('option', { name: title }).first().click();
}

/** Clicks a line above an experiment until `effect` shows. Lines are drawn anew while the extension gets to know its runs, and a click in between is lost. */
export async function clickLens(page: Page, title: string | RegExp, effect: Locator): Promise<void> {
  const lens = page.locator('.codelens-decoration').getByText(title).first();
  for (let triesLeft = 3; ; triesLeft--) {
    await lens.waitFor();
    await page.waitForTimeout(1000);
    await lens.click();
    try {
      return await effect.waitFor({ timeout: 20_000 });
    } catch (error) {
      if (triesLeft === 0) throw error;
    }
  }
}

/** Clicks the checkbox of a row of the layers until `effect` shows: a click that falls on the moment in which its price arrives and the row is drawn anew is lost. */
export async function tick(row: Locator, effect: Locator): Promise<void> {
  for (let triesLeft = 3; ; triesLeft--) {
    const before = await row.getByRole('checkbox').getAttribute('aria-checked');
    await row.getByRole('checkbox').click();
    try {
      return await effect.waitFor({ timeout: 20_000 });
    } catch (error) {
      if (triesLeft === 0 || await row.getByRole('checkbox').getAttribute('aria-checked') !== before) throw error;
    }
  }
}

/** Opens a file of the workspace by its name, whether or not the Explorer has heard of it yet; the palette may remember for a while that there was none. */
export async function openFile(page: Page, name: string): Promise<void> {
  for (let triesLeft = 10; ; triesLeft--) {
    await intoPalette(page, name);
    try {
      return await quickPick(page).getByRole('option', { name }).first().click({ timeout: 5000 });
    } catch (error) {
      if (triesLeft === 0) throw error;
      await page.keyboard.press('Escape');
    }
  }
}

/** By its name in the list of themes. */
export async function setTheme(page: Page, name: string): Promise<void> {
  await runCommand(page, 'Preferences: Color Theme');
  await quickPick(page).locator('input').fill(name);
  await quickPick(page).getByRole('option', { name }).first().click();
  await quickPick(page).waitFor({ state: 'hidden' });
}

/** The palette closes when an editor that is still opening takes the focus: then it is opened again. */
async function intoPalette(page: Page, text: string): Promise<void> {
  for (let triesLeft = 10; ; triesLeft--) {
    await page.keyboard.press('F1');
    try {
      return await quickPick(page).locator('input').fill(text, { timeout: 3000 });
    } catch (error) {
      if (triesLeft === 0) throw error;
    }
  }
}

/** The open quick pick. */
export const quickPick = (page: Page): Locator => page.locator('.quick-input-widget:visible');

/** Shows the Thaw container in the side bar. */
export async function openThaw(page: Page): Promise<void> {
  await page.getByRole('tab', { name: 'Thaw', exact: true }).click();
  await view(page, 'Layers').waitFor();
}

/** One view of the Thaw container, with its title. */
export const view = (page: Page, title: 'Backbones' | 'Layers' | 'Runs'): Locator =>
  page.locator('.pane').filter({ has: page.getByRole('button', { name: new RegExp(`^${title}( - .*)? Section`) }) });

/** The document inside the webview of the editor that is in front: for a moment the one that it covers is there, too. */
export const webviewFrame = (page: Page): FrameLocator =>
  page.locator('iframe.webview.ready:visible').last().contentFrame().locator('iframe#active-frame').contentFrame();

/** In the notification centre: VS Code shows no toasts while it is driven. It closes with its last entry, even while the next one is on its way. */
export async function notified(page: Page, words: RegExp): Promise<Locator> {
  const found = notifications(page).filter({ hasText: words });
  for (let triesLeft = 20; ; triesLeft--) {
    if (!await page.locator('.notifications-center').isVisible()) await runCommand(page, 'Notifications: Show Notifications');
    try {
      await found.first().waitFor({ timeout: 3000 });
      return found;
    } catch (error) {
      if (triesLeft === 0) throw error;
    }
  }
}

export const notifications = (page: Page): Locator => page.locator('.notifications-center .notification-list-item:visible');

/** Cancels what a notification says is being done. */
export async function cancel(page: Page, words: RegExp): Promise<void> {
  const found = await notified(page, words);
  await found.getByRole('button', { name: 'Cancel' }).click();
  await found.waitFor({ state: 'hidden' });
}
