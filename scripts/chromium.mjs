// @ts-check
import { existsSync } from 'node:fs';
import { run, whereIs } from './shell.mjs';
import { step } from './steps.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'msedge'];
const applications = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'];

/** The Chromium that drives the tests, or undefined. */
export const chromiumPath = () => names.map(whereIs).find((path) => path) ?? applications.find((path) => existsSync(path));

/**
 * Makes sure of a Chromium: Debian's, where apt-get may be used without asking anybody.
 * Returns what to do when there is none.
 * @returns {Promise<string | undefined>}
 */
export async function installChromium() {
  if (chromiumPath()) return undefined;
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', 'chromium'];
  if (!whereIs('apt-get')) return 'no Chromium or Chrome on PATH: install one';
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const byHand = `no Chromium on PATH: run "sudo apt-get update && sudo ${install.join(' ')}"`;
  if (asRoot.length && !await run('sudo', ['-n', 'true']).then(() => true, () => false)) return byHand;
  /** @param {readonly string[]} command */
  const apt = (command) => {
    const [program = '', ...args] = [...asRoot, ...command];
    return run(program, args, { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  };
  try {
    await step(`Installing Chromium for the tests (${install.join(' ')})`, async () => {
      await apt(['apt-get', 'update']);
      await apt(install);
    });
  } catch (error) {
    return `${byHand}\n${error instanceof Error ? error.message : String(error)}`;
  }
  return chromiumPath() ? undefined : byHand;
}
