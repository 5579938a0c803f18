// Writes what is generated: `contributes`, `activationEvents` and `capabilities` of package.json, from src/contributions.ts.
// `--check` writes nothing and fails when something on disk is not what would be written.
import { build } from 'esbuild';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const check = process.argv.includes('--check');

/** A TypeScript module that imports types only, as values. */
async function load(path) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(path, root))], bundle: true, write: false, format: 'esm', platform: 'node', logLevel: 'error',
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

async function manifestText() {
  const { activationEvents, capabilities, contributes } = await load('src/contributions.ts');
  const manifest = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
  return `${JSON.stringify({ ...manifest, activationEvents, capabilities, contributes }, null, 2)}\n`;
}

const generated = [['package.json', await manifestText()]];

for (const [path, text] of generated) {
  const file = new URL(path, root);
  if (await readFile(file, 'utf8') === text) continue;
  if (check) {
    console.error(`${path} is not what src/contributions.ts says: run "node scripts/generate.mjs" and commit the result.`);
    process.exitCode = 1;
  } else {
    await writeFile(file, text);
    console.log(`wrote ${path}`);
  }
}
