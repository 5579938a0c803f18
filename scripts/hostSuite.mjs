// @ts-check
// The tests that run inside VS Code's extension host: every test/host/*.host.ts, bundled into one CommonJS module.
import * as esbuild from 'esbuild';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './repo.mjs';

/** @typedef {{ readonly title: string, readonly ms: number, readonly error?: string, readonly skipped?: string }} HostResult */

/** Bundles the suite; returns the module whose `run()` VS Code calls. */
export async function bundleHostSuite() {
  const folder = join(root, 'test', 'host');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.host.ts')).sort();
  const outfile = join(root, 'out', 'test', 'host', 'inside.cjs');
  await esbuild.build({
    stdin: { contents: [...files.map((name) => `import './${name}';`), "export { run } from './suite.ts';"].join('\n'), resolveDir: folder },
    outfile, bundle: true, platform: 'node', target: 'node20', format: 'cjs', external: ['vscode'], sourcemap: 'inline', logLevel: 'warning',
  });
  return outfile;
}

/**
 * What the suite has reported so far, and whether that is all. A missing file is a suite that has not begun.
 * @param {string} file
 * @returns {Promise<{ results: readonly HostResult[], finished: boolean }>}
 */
export async function readHostResults(file) {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.split('\n').slice(0, -1).map((line) => JSON.parse(line)); // the last piece may be half a line
  return { results: lines.filter((line) => 'title' in line), finished: lines.some((line) => 'finished' in line) };
}
