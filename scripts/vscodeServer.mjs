// @ts-check
// A real VS Code for the browser: installed once per machine from the npm package code-server, started on loopback.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { cacheFolder } from './repo.mjs';
import { npm, run } from './shell.mjs';
import { step } from './steps.mjs';

const codeServerVersion = '4.139.1'; // VS Code 1.139.1
const nodeVersion = '24.21.0'; // the Node that this VS Code was made for, as an npm package
const recipe = 2; // counts up when the installation below changes

const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const home = join(cacheFolder, 'vscode-server', `${codeServerVersion}-node${nodeVersion}-${recipe}`);

/** @param {string} folder */
const partsOf = (folder) => ({
  node: join(folder, 'node_modules', nodePackage, 'bin', process.platform === 'win32' ? 'node.exe' : 'node'),
  server: join(folder, 'node_modules', 'code-server', 'lib', 'vscode', 'out', 'server-main.js'),
  packages: join(folder, 'node_modules', 'code-server', 'lib', 'vscode', 'node_modules', 'ws', 'package.json'),
});

const isInstalled = () => Object.values(partsOf(home)).every((path) => existsSync(path));

/** Installs VS Code's server into the user's cache, unless it is there. Half an installation is never seen under its name. */
export async function installVSCodeServer() {
  if (isInstalled()) return;
  await withLock(`${home}.lock`, async () => {
    if (isInstalled()) return;
    await step('Installing VS Code for the browser into the user\'s cache (800 MB, one or two minutes, once)', async () => {
      const partial = `${home}.partial`;
      await rm(partial, { recursive: true, force: true });
      await rm(home, { recursive: true, force: true });
      await mkdir(partial, { recursive: true });
      await writeFile(join(partial, 'package.json'), '{ "private": true }\n');
      await npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', `code-server@${codeServerVersion}`, `${nodePackage}@${nodeVersion}`], { cwd: partial });
      await installServerPackages(partial);
      await rename(partial, home);
    });
  });
}

/**
 * What code-server's own install script does, without most of its compiler runs: the native packages for file watching,
 * search and terminals come with their binaries. Only the logger (behind the Output panel) must be built; VS Code goes
 * on without it, and so do we.
 * @param {string} folder
 */
async function installServerPackages(folder) {
  const cwd = join(folder, 'node_modules', 'code-server', 'lib', 'vscode');
  await npm(['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd });
  const headers = join(folder, 'node_modules', nodePackage);
  await npm(['rebuild', '@vscode/spdlog', '--ignore-scripts=false'], { cwd, env: { npm_config_nodedir: headers } }).catch((error) => {
    process.stderr.write(`  without log files in VS Code's Output panel, which need a C++ compiler and Python: ${error.message.split('\n')[0]}\n`);
  });
}

/**
 * @typedef {object} VSCodeServer
 * @property {(folder: string, payload?: Readonly<Record<string, string>>) => string} addressOf the page that opens a folder; `payload` as VS Code's development host knows it, paths of this machine
 * @property {() => string} log all that the server printed
 * @property {Promise<void>} ended
 * @property {() => Promise<void>} stop
 */

/** What a data folder starts with: no welcome page, no chat, nothing fetched, and no question whether one trusts one's own clone. */
const calmSettings = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'chat.disableAIFeatures': true,
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
};

/** User settings: some of ours are not read from anywhere else. Those that a person has changed stay. @param {string} dataFolder @param {object} settings */
async function writeFirstSettings(dataFolder, settings) {
  const folder = join(dataFolder, 'data', 'User');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'settings.json'), JSON.stringify({ ...calmSettings, ...settings }, null, 2), { flag: 'wx' }).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/**
 * Starts VS Code's server on a free loopback port, behind a token of its own.
 * @param {{ dataFolder: string, settings?: object, env?: Readonly<Record<string, string>> }} options `dataFolder` keeps extensions
 * and settings; `settings` go on top of ours while it has none
 * @returns {Promise<VSCodeServer>}
 */
export async function startVSCodeServer({ dataFolder, settings = {}, env = {} }) {
  await writeFirstSettings(dataFolder, settings);
  const { node, server } = partsOf(home);
  const token = randomBytes(16).toString('hex');
  const child = spawn(node, [
    server, '--host', '127.0.0.1', '--port', '0', '--connection-token', token, '--accept-server-license-terms',
    '--server-data-dir', dataFolder, '--telemetry-level', 'off', '--enable-smoke-test-driver',
  ], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: process.platform !== 'win32' });
  let log = '';
  /** @type {Promise<void>} */
  const ended = new Promise((resolve) => child.on('close', () => resolve()));
  /** @type {Promise<number>} */
  const listening = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        log += text;
        const port = /agent listening on (\d+)/.exec(log)?.[1];
        if (port) resolve(Number(port));
      });
    }
    child.on('error', reject);
    void ended.then(() => reject(new Error(`VS Code's server ended before it listened:\n${log}`)));
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid) {
      // The group: its extension hosts and watchers too. Trainers are in groups of their own and go on.
      process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGTERM');
    }
    await ended;
  };
  const port = await listening.catch(async (error) => { await stop(); throw error; });
  const authority = `127.0.0.1:${port}`;
  return {
    ended,
    stop,
    log: () => log,
    addressOf: (folder, payload = {}) => {
      const entries = Object.entries(payload).map(([key, path]) => [key, `vscode-remote://${authority}${encodeURI(path)}`]);
      return `http://${authority}/?tkn=${token}&folder=${encodeURIComponent(folder)}${entries.length ? `&payload=${encodeURIComponent(JSON.stringify(entries))}` : ''}`;
    },
  };
}

/**
 * Runs VS Code's command line (`--install-extension`, `--list-extensions`) against a data folder.
 * @param {string} dataFolder @param {readonly string[]} args
 */
export const runVSCodeCommand = (dataFolder, args) =>
  run(partsOf(home).node, [partsOf(home).server, '--server-data-dir', dataFolder, '--accept-server-license-terms', ...args]);
