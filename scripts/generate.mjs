// @ts-check
// Writes what is generated from sources; `--check` writes nothing and fails when something on disk is not what would be written.
import { build } from 'esbuild';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import wabt from 'wabt';
import { root } from './repo.mjs';

/** @typedef {{ readonly path: string, readonly from: string, readonly text: string }} Generated */

const contributions = await load('src/contributions.ts');
const experiment = await load('src/experiment/describe.ts');

/** @type {readonly Generated[]} */
const generated = [
  { path: 'package.json', from: 'src/contributions.ts', text: await manifestText() },
  { path: 'schema/thaw.schema.json', from: 'src/experiment/schema.ts', text: jsonText(experiment.generateJsonSchema()) },
  { path: 'src/data/resizeKernel.ts', from: 'src/data/resizeKernel.wat', text: await kernelText('src/data/resizeKernel.wat') },
  { path: 'docs/experiment-file.md', from: 'src/experiment/schema.ts', text: experiment.generateExperimentDocs() },
];

for (const { path, from, text } of generated) {
  const file = join(root, path);
  if (await readFile(file, 'utf8').catch(() => '') === text) continue;
  if (process.argv.includes('--check')) {
    console.error(`${path} is not what ${from} says: run "npm run generate" and commit the result.`);
    process.exitCode = 1;
  } else {
    await writeFile(file, text);
    console.log(`wrote ${path}`);
  }
}

/** `contributes`, `activationEvents` and `capabilities`; the rest of package.json is kept as it is. */
async function manifestText() {
  const { activationEvents, capabilities, contributes } = contributions;
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return jsonText({ ...manifest, activationEvents, capabilities, contributes });
}

/** WebAssembly, small enough to stand in a module: nothing to find at run time. @param {string} path */
async function kernelText(path) {
  const compiler = await wabt(), module = compiler.parseWat(path, await readFile(join(root, path), 'utf8'), { simd: true });
  module.validate();
  const base64 = Buffer.from(module.toBinary({}).buffer).toString('base64');
  return `/** ${path.replace('src/data/', '')}, assembled, in base64. Generated: npm run generate. */\nexport const resizeKernel = '${base64}';\n`;
}

/** @param {unknown} value */
function jsonText(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/**
 * A TypeScript module as values, with what it imports.
 * @param {string} path
 * @returns {Promise<any>}
 */
async function load(path) {
  const { outputFiles } = await build({ entryPoints: [join(root, path)], bundle: true, write: false, format: 'esm', platform: 'node', logLevel: 'error' });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0]?.contents ?? []).toString('base64')}`);
}
