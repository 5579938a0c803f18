// @ts-check
import { existsSync } from 'node:fs';
import { installDebian } from './debian.mjs';
import { whereIs } from './shell.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'msedge'];
const applications = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'];

/** The Chromium that drives the tests, or undefined. */
export const chromiumPath = () => names.map(whereIs).find((path) => path) ?? applications.find((path) => existsSync(path));

/** Makes sure of a Chromium. @returns {Promise<string | undefined>} what to do when there is none */
export async function installChromium() {
  if (chromiumPath()) return undefined;
  const todo = await installDebian(['chromium'], 'Chromium for the tests');
  return chromiumPath() ? undefined : `no Chromium or Chrome on PATH: ${todo ?? 'install one'}`;
}

/**
 * Makes sure of what WebGPU is tested on where there is no GPU: the software one that comes with Chromium, and the loader
 * that finds it. @returns {Promise<string | undefined>} what to do when there is none
 */
export async function installSoftwareGpu() {
  if (process.platform !== 'linux') return 'only Linux has a software GPU to test on';
  const missing = await installChromium();
  if (missing || loaders.some((path) => existsSync(path))) return missing;
  return installDebian(['libvulkan1'], 'the Vulkan loader for the tests of WebGPU');
}

/** Where Debian (x64, arm64) and Fedora put it. */
const loaders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64'].map((folder) => `${folder}/libvulkan.so.1`);
