// @ts-check
// What can be told without running the product: types, lint, generated files, and nothing of one machine in the repository.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildWhenStale } from './build.mjs';
import { root } from './repo.mjs';
import { ProgramFailed, run } from './shell.mjs';

/** @typedef {readonly [name: string, check: () => Promise<unknown>]} Check */

/** Those that also make what the tests run: dist/ and out/. @type {readonly Check[]} */
export const compile = [
  ['everything that ships can be bundled', buildWhenStale],
  ['sources and tests are well typed', () => typeCheck('.')],
  ['page tests are well typed', () => typeCheck('test/page')],
];

/** The others, which need nothing made. @type {readonly Check[]} */
export const checks = [
  ['the dashboard page is well typed', () => typeCheck('media')],
  ['the scripts are well typed', () => typeCheck('scripts')],
  ['lint finds nothing, import walls included', () => tool(['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0'])],
  ['generated files are what their sources say', () => tool(['scripts/generate.mjs', '--check'])],
  ['no registry host and no path of one machine is committed', checkClean],
];

/** A checker's own findings are the message, all of them. @param {readonly string[]} args */
const tool = (args) => run(process.execPath, args).catch((error) => {
  throw error instanceof ProgramFailed && error.output ? new Error(error.output) : error;
});

/** @param {string} project */
const typeCheck = (project) => tool(['node_modules/typescript/bin/tsc', '-p', project, '--pretty', 'false']);

/** What may stand in no committed text; put together from parts, so that this file passes its own check. */
const forbidden = [
  { what: 'a package registry host', pattern: new RegExp(['registry.npmjs', 'pypi', 'pythonhosted', 'repo.maven', 'repo1.maven'].map((host) => `${host.replace('.', '\\.')}\\.(org|apache)`).join('|'), 'i') },
  { what: 'a path of one machine', pattern: /(?<![\w.$}*])\/(work|root|tmp|(home|Users)\/(?!me\/)\w+)\// }, // /home/me is anybody's
];

async function checkClean() {
  const listed = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  const found = [];
  for (const path of listed.split('\0').filter(Boolean)) {
    const bytes = await readFile(join(root, path)).catch(() => undefined); // listed but deleted: nothing to read
    if (!bytes || bytes.subarray(0, 8000).includes(0)) continue;
    for (const [index, line] of bytes.toString('utf8').split('\n').entries()) {
      for (const { what, pattern } of forbidden) {
        const match = pattern.exec(line);
        if (match) found.push(`${path}:${index + 1}: ${what}: ${match[0]}`);
      }
    }
  }
  if (found.length) throw new Error(found.join('\n'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, check] of [...compile, ...checks].filter(([name]) => name.includes(process.argv[2] ?? ''))) {
    await check().catch((/** @type {Error} */ error) => {
      console.error(`${name}: not so\n${error.message}`);
      process.exitCode = 1;
    });
  }
}
