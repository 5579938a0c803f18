// @ts-check
// Sets up what is missing, then runs the tests. The last line printed is "N passed, N failed[, N skipped]".
// usage: npm test                     everything
//        npm test -- unit process     some groups: check, unit, parity, process, host, page
//        npm test -- unit/data        the files of a group whose path starts so
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { run as runTests } from 'node:test';
import { root } from './repo.mjs';
import { follow, TestReport } from './testReport.mjs';
import { installSoftwareGpu } from './chromium.mjs';
import { installEditor, installEngine, installPackages } from './setup.mjs';

/** In this order; how many minutes a file may take before it counts as stuck, several times what it does. @type {Readonly<Record<string, number>>} */
const groups = { unit: 2, parity: 10, process: 5, host: 15, page: 15 };

/** A whole VS Code in a browser: a file that fails is run once more, and named at the end as unsteady when it passes then. */
const mayBeUnsteady = new Set(['page']);

/** Test files at once. VS Code and its browser leave two fifths of two cores idle by themselves. */
const atOnce = 2;

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !['check', ...Object.keys(groups)].includes(name.split('/')[0] ?? ''));
if (unknown.length) {
  console.error(`no test group "${unknown.join('", "')}": there are check, ${Object.keys(groups).join(', ')}`);
  process.exit(2);
}
/** @param {string} group */
const isWanted = (group) => wanted.length === 0 || wanted.some((name) => name.split('/')[0] === group);

await installPackages();
const { checks, compile } = await import('./checks.mjs');
const report = new TestReport();
report.group('check');
await Promise.all([perform(compile), perform(isWanted('check') ? checks : [])]); // two lanes for two cores
if (isWanted('parity') || isWanted('process') || isWanted('host') || isWanted('page')) await installEngine();
if (isWanted('parity')) await installSoftwareGpu().then((missing) => missing && console.error(`› Tests on WebGPU are skipped: ${missing}`));
const editorMissing = isWanted('host') || isWanted('page') ? await installEditor() : undefined;

/** @type {{ file: string, group: string }[]} */
const waiting = [];
for (const group of Object.keys(groups).filter(isWanted)) {
  for (const file of await testFilesOf(group)) waiting.push({ file, group });
}
let heading = '';
const lane = async () => {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { file, group } = next;
    if (group !== heading) report.group(heading = group);
    if ((group !== 'host' && group !== 'page') || !editorMissing) await runFile(file, group);
    // On a developer's machine that is a gap to be told; where nobody reads, it must not pass for a success.
    else if (process.env.CI) report.fail(file, editorMissing);
    else report.skip(file, editorMissing);
  }
};
await Promise.all(Array.from({ length: atOnce }, lane));

report.finish();
process.exitCode = report.failed ? 1 : 0;

/** @param {string} file test/<group>/<name>.test.ts @param {string} group */
async function runFile(file, group) {
  const name = file.replace(/^test\/|\.test\.ts$/g, '');
  const compiled = join(root, 'out', file.replace(/\.ts$/, '.js'));
  if (!existsSync(compiled)) return report.fail(name, 'was not compiled');
  const tried = async () => {
    const own = new TestReport();
    await follow(name, runTests({ files: [compiled], timeout: (groups[group] ?? 0) * 60_000 }), own);
    return own;
  };
  const first = await tried();
  if (first.failed === 0 || !mayBeUnsteady.has(group)) return report.add(first);
  report.note(`again ${name}`);
  const second = await tried();
  if (second.failed === 0) report.unsteady(name);
  report.add(second);
}

/** @param {readonly import('./checks.mjs').Check[]} list */
async function perform(list) {
  for (const [name, check] of list) {
    const start = performance.now();
    try {
      await check();
      report.pass(name, performance.now() - start);
    } catch (error) {
      report.fail(name, error instanceof Error ? error.message : String(error));
    }
  }
}

/** Test sources of a group, those asked for, the longest first: most take longest, too, and no lane should begin one when the other has nothing left. @param {string} group @returns {Promise<string[]>} */
async function testFilesOf(group) {
  const folder = join(root, 'test', group);
  if (!existsSync(folder)) return [];
  const all = (await readdir(folder, { recursive: true }))
    .filter((name) => name.endsWith('.test.ts')).map((name) => `test/${group}/${name.replaceAll('\\', '/')}`).sort();
  const asked = all.filter((path) => wanted.length === 0 || wanted.some((name) => path.startsWith(`test/${name}`)));
  const sizes = new Map(await Promise.all(asked.map(async (path) => /** @type {const} */ ([path, (await stat(join(root, path))).size]))));
  return asked.sort((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0));
}
