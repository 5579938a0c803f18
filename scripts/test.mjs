// @ts-check
// Sets up what is missing, then runs the tests. The last line printed is "N passed, N failed[, N skipped]".
// usage: npm test                     everything
//        npm test -- unit process     some groups: check, unit, parity, process, host, page
//        npm test -- unit/data        the files of a group whose path starts so
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { run as runTests } from 'node:test';
import { root } from './repo.mjs';
import { follow, TestReport } from './testReport.mjs';
import { installEditor, installEngine, installPackages } from './setup.mjs';

/** How many test files at once, and how long one test may take. @type {Readonly<Record<string, { atOnce: number, minutes: number }>>} */
const groups = {
  unit: { atOnce: 2, minutes: 1 },
  parity: { atOnce: 1, minutes: 3 },
  process: { atOnce: 1, minutes: 3 },
  host: { atOnce: 1, minutes: 6 },
  page: { atOnce: 1, minutes: 6 },
};

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
for (const [name, check] of isWanted('check') ? checks : compile) {
  const start = performance.now();
  try {
    await check();
    report.pass(name, performance.now() - start);
  } catch (error) {
    report.fail(name, error instanceof Error ? error.message : String(error));
  }
}
if (isWanted('parity') || isWanted('process') || isWanted('host') || isWanted('page')) await installEngine();
const editorMissing = isWanted('host') || isWanted('page') ? await installEditor() : undefined;

for (const [group, { atOnce, minutes }] of Object.entries(groups)) {
  if (!isWanted(group)) continue;
  report.group(group);
  const files = await testFilesOf(group);
  if ((group === 'host' || group === 'page') && editorMissing) {
    // On a developer's machine that is a gap to be told; where nobody reads, it must not pass for a success.
    for (const file of files) {
      if (process.env.CI) report.fail(file, editorMissing);
      else report.skip(file, editorMissing);
    }
    continue;
  }
  const compiled = files.map((file) => join(root, 'out', file.replace(/\.ts$/, '.js')));
  const missing = compiled.filter((file) => !existsSync(file));
  for (const file of missing) report.fail(relative(root, file), 'was not compiled');
  const present = compiled.filter((file) => existsSync(file));
  if (present.length) await follow(runTests({ files: present, concurrency: atOnce, timeout: minutes * 60_000 }), report);
}

report.finish();
process.exitCode = report.failed ? 1 : 0;

/** Test sources of a group, in order of name, those asked for. @param {string} group @returns {Promise<string[]>} */
async function testFilesOf(group) {
  const folder = join(root, 'test', group);
  if (!existsSync(folder)) return [];
  const all = (await readdir(folder, { recursive: true }))
    .filter((name) => name.endsWith('.test.ts')).map((name) => `test/${group}/${name.replaceAll('\\', '/')}`).sort();
  return all.filter((path) => wanted.length === 0 || wanted.some((name) => path.startsWith(`test/${name}`)));
}
