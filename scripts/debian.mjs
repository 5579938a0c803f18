// @ts-check
import { run, whereIs } from './shell.mjs';
import { step } from './steps.mjs';

/**
 * Installs packages of Debian (or Ubuntu), where apt-get may be used without asking anybody.
 * @param {readonly string[]} packages @param {string} why "Chromium for the tests"
 * @returns {Promise<string | undefined>} what a person can do instead, when it was not possible
 */
export async function installDebian(packages, why) {
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', ...packages];
  const byHand = `run "sudo apt-get update && sudo ${install.join(' ')}"`;
  if (!whereIs('apt-get')) return `install ${packages.join(' and ')}`;
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (asRoot.length && !await run('sudo', ['-n', 'true']).then(() => true, () => false)) return byHand;
  /** @param {readonly string[]} command */
  const apt = (command) => {
    const [program = '', ...args] = [...asRoot, ...command];
    return run(program, args, { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  };
  try {
    await step(`Installing ${why} (${install.join(' ')})`, async () => {
      await apt(['apt-get', 'update']);
      await apt(install);
    });
    return undefined;
  } catch (error) {
    return `${byHand}\n${error instanceof Error ? error.message : String(error)}`;
  }
}
