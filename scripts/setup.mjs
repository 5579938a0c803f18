// @ts-check
// What a fresh clone lacks, piece by piece: each says what it does, and does nothing when it is there.
// usage: node scripts/setup.mjs    everything that npm start and npm test would set up
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './repo.mjs';
import { npm } from './shell.mjs';
import { step } from './steps.mjs';

// The other scripts import packages, so they are imported here only once the packages are there.

export async function installPackages() {
  if (!await hasPackages()) await step('Installing npm packages', () => npm(['ci']));
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

/** Compiles the binding and lets the product install TensorFlow. Without either the built-in engine serves, which is said. */
export async function installEngine() {
  const { bindingFile, buildBinding } = await import('./buildBinding.mjs');
  const problem = existsSync(bindingFile) ? await buildBinding() : await step('Compiling the binding to TensorFlow', buildBinding);
  if (!problem && await thaw(['engine', 'install'])) return;
  console.error(`› Going on with the built-in engine (slower)${problem ? `: ${problem}` : ''}`);
}

/** Runs the built command line on our own terminal; false when it failed, which it then has explained. @param {readonly string[]} args */
const thaw = (args) => new Promise((resolve, reject) => {
  const child = spawn(process.execPath, [join(root, 'dist', 'cli.mjs'), ...args], { cwd: root, stdio: ['ignore', 2, 2] });
  child.on('error', reject);
  child.on('close', (code) => resolve(code === 0));
});

/** A VS Code and a browser to drive it, for the tests. @returns {Promise<string | undefined>} why there are none */
export async function installEditor() {
  const { installChromium } = await import('./chromium.mjs');
  const { installVSCodeServer } = await import('./vscodeServer.mjs');
  const missing = await installChromium();
  if (missing) return missing;
  return installVSCodeServer().then(() => undefined, (error) => `VS Code for the browser could not be installed: ${error.message}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await installPackages();
  const { buildWhenStale } = await import('./build.mjs');
  await buildWhenStale();
  await installEngine();
  const missing = await installEditor();
  if (missing) console.error(missing);
}
