// @ts-check
// The product on its own sample photos, from a fresh clone.
// usage: npm start                               fine-tunes on samples/recycling6, in the terminal
//        npm start -- --engine wasm --no-scratch (or any option of "thaw run")
//        npm start -- --code                     opens VS Code on samples/ with the extension
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, root } from './repo.mjs';
import { installEngine, installPackages } from './setup.mjs';
import { run, whereIs } from './shell.mjs';

const options = process.argv.slice(2);
const samples = join(root, 'samples');

try {
  await installPackages();
  const { buildWhenStale } = await import('./build.mjs');
  await buildWhenStale();
  if (!options.join('=').includes('--engine=wasm')) await installEngine();
  process.exitCode = options.includes('--code') ? await openEditor() : await fineTune();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** Ctrl+C reaches the command line too, which then stops its run in order; we only wait for it. */
async function fineTune() {
  process.on('SIGINT', () => {});
  const child = spawn(process.execPath, [join(root, 'dist', 'cli.mjs'), 'run', join('samples', 'recycling6.thaw.yaml'), ...options], { cwd: root, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
  });
}

async function openEditor() {
  const desktop = whereIs('code');
  if (desktop) {
    await run(desktop, ['--new-window', `--extensionDevelopmentPath=${root}`, samples]);
    console.log('VS Code opens on samples/: right-click the folder recycling6 and choose "Fine-Tune This Folder".');
    return 0;
  }
  return openBrowserEditor();
}

async function openBrowserEditor() {
  console.log('No desktop VS Code ("code" on PATH): taking the one for the browser.');
  const { installVSCodeServer, startVSCodeServer } = await import('./vscodeServer.mjs');
  await installVSCodeServer();
  const server = await startVSCodeServer({ dataFolder: join(cacheFolder, 'vscode-data') });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.once(signal, () => void server.stop());
  console.log(`\nVS Code on samples/ with Thaw, for this machine only:\n\n  ${server.addressOf(samples, { extensionDevelopmentPath: root })}\n\nRight-click the folder recycling6 and choose "Fine-Tune This Folder". Ctrl+C here ends VS Code.`);
  await server.ended;
  return 0;
}
