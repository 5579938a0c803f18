// @ts-check
// Bundles what ships into dist/: the extension, the trainer, the command line, the worker threads and the dashboard page.
// usage: node scripts/build.mjs [--watch]
import * as esbuild from 'esbuild';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprintOf, textOf } from './fingerprint.mjs';
import { root } from './repo.mjs';

/** They load native binaries from beside themselves, so they stay packages. */
const nativePackages = ['onnxruntime-node', 'sharp', 'webgpu'];

/** CommonJS packages inside an ES module bundle still call require; the WebAssembly module asks where it lies, too. */
const requireBanner = "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url), __dirname = '';";

/**
 * What is tested is what ships, so there is one kind of build. Programs keep their names: a stack in a user's journal
 * should be readable.
 * @type {readonly esbuild.BuildOptions[]}
 */
const bundles = (() => {
  /** @type {esbuild.BuildOptions} */
  const common = {
    absWorkingDir: root, outdir: 'dist', bundle: true, minifyWhitespace: true, minifySyntax: true,
    sourcemap: true, sourcesContent: false, legalComments: 'external', metafile: true, logLevel: 'warning',
  };
  /** @type {esbuild.BuildOptions} */
  const program = {
    ...common, platform: 'node', target: 'node20', format: 'esm', outExtension: { '.js': '.mjs' }, external: nativePackages,
    // The native backend asks for the umbrella package but uses only what this part of it exports.
    alias: { '@tensorflow/tfjs': join(root, 'src', 'engine', 'tfjsUmbrella.ts') },
  };
  /** @type {esbuild.BuildOptions} */
  const page = { ...common, platform: 'browser', target: 'chrome128', format: 'esm', minify: true, outdir: 'dist/media' };
  return [
    { ...common, platform: 'node', target: 'node20', format: 'cjs', outExtension: { '.js': '.cjs' }, external: ['vscode'], entryPoints: { extension: 'src/extension.ts' } },
    { ...program, banner: { js: requireBanner }, entryPoints: { trainer: 'src/trainer/child/main.ts' } },
    { ...program, banner: { js: requireBanner }, entryPoints: { keeper: 'src/trainer/host/keeper.ts' } },
    { ...program, banner: { js: requireBanner }, entryPoints: { decodeWorker: 'src/data/decodeWorker.ts' } },
    { ...program, banner: { js: requireBanner }, entryPoints: { prefixWorker: 'src/engine/prefixWorker.ts' } },
    { ...program, entryPoints: { 'wasm/thread': 'src/engine/rungs/wasmThread.ts' } },
    { ...program, banner: { js: `#!/usr/bin/env node\n${requireBanner}` }, entryPoints: { cli: 'src/cli.ts' } },
    ...['dashboard', 'preview', 'rates', 'board'].flatMap((name) => ['ts', 'css'].map((kind) => ({ ...page, entryPoints: { [name]: `media/${name}.${kind}` } }))),
  ];
})();

const stampFile = join(root, 'dist', '.built-from');

const stampOf = () => fingerprintOf(['src', 'media', 'scripts/build.mjs', 'package-lock.json']);

/** Builds unless dist/ is already what would be built. */
export async function buildWhenStale() {
  if (await textOf(stampFile) !== await stampOf()) await build();
}

export async function build() {
  const stamp = await stampOf(); // taken first: a file edited meanwhile makes the next build stale
  const results = await Promise.allSettled(bundles.map((bundle) => esbuild.build(bundle)));
  await copyWasm();
  for (const result of results) {
    if (result.status === 'rejected') continue;
    for (const [path, { bytes }] of Object.entries(result.value.metafile?.outputs ?? {})) {
      if (!path.endsWith('.map')) console.error(`  ${path.padEnd(26)} ${(bytes / 1024).toFixed(0).padStart(6)} KiB`);
      if (path === 'dist/cli.mjs') await chmod(join(root, path), 0o755);
    }
  }
  const broken = results.find((result) => result.status === 'rejected');
  if (broken) throw broken.reason;
  await writeFile(stampFile, stamp);
}

/** The one of tfjs's three binaries that engine/rungs/wasm.ts reads. */
async function copyWasm() {
  const name = 'tfjs-backend-wasm-threaded-simd.wasm', to = join(root, 'dist', 'wasm');
  await mkdir(to, { recursive: true });
  await copyFile(join(root, 'node_modules', '@tensorflow', 'tfjs-backend-wasm', 'dist', name), join(to, name));
}

async function watch() {
  for (const bundle of bundles) await (await esbuild.context({ ...bundle, logLevel: 'info' })).watch();
  await copyWasm();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--watch')) await watch();
  else await build().catch(() => { process.exitCode = 1; }); // esbuild has said why
}
