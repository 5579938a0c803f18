// @ts-check
// Everything a fresh clone needs before it runs; says what it does, does only what is missing.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './repo.mjs';
import { npm } from './shell.mjs';
import { step } from './steps.mjs';

/**
 * Installs what is missing for building and running: npm packages, the native engine, and for the tests an editor.
 * @param {{ editor?: boolean }} [options] `editor`: also a VS Code and a browser to drive it
 * @returns {Promise<string | undefined>} why there is no editor, when one was wanted
 */
export async function setup({ editor = false } = {}) {
  if (!await hasPackages()) await step('Installing npm packages', () => npm(['ci']));
  if (!editor) return undefined;
  const { installChromium } = await import('./chromium.mjs');
  const { installVSCodeServer } = await import('./vscodeServer.mjs');
  const missing = await installChromium();
  if (missing) return missing;
  return installVSCodeServer().then(() => undefined, (error) => `VS Code for the browser could not be installed: ${error.message}`);
}

/** Whether node_modules holds what package-lock.json lists, by npm's own record of what it installed. */
async function hasPackages() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(await readFile(record, 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, optional }]) =>
    path === '' || installed[path]?.version === version || (optional && !installed[path]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const missing = await setup({ editor: process.argv.includes('--editor') });
  const { buildWhenStale } = await import('./build.mjs');
  await buildWhenStale();
  if (missing) console.error(missing);
}
