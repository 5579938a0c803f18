// @ts-check
// Compiles the binding of @tensorflow/tfjs-node-gpu, as it ships in that package, against TensorFlow's C API. Their own
// build wants TensorFlow 2.9 from a host of theirs; ours needs a C++ compiler and the headers in third_party/, and runs
// on any later TensorFlow: the library is found by its soname, beside the binding (trainer/native/loadBinding.ts).
// usage: node scripts/buildBinding.mjs
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprintOf, textOf } from './fingerprint.mjs';
import { root } from './repo.mjs';
import { run, whereIs } from './shell.mjs';

const sources = 'node_modules/@tensorflow/tfjs-node-gpu';
const headers = ['node_modules/node-api-headers/include', 'third_party/tensorflow-c/include'];

/** What the binding links to, by soname. */
const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

/** Where the product looks for it (trainer/child/machine.ts). */
export const bindingFile = join(root, 'dist', 'binding', `${process.platform}-${process.arch}`, 'tfjs_binding.node');

/** Builds what is missing or stale. @returns {Promise<string | undefined>} why there is none */
export async function buildBinding() {
  if (process.platform !== 'linux') return `the binding to TensorFlow has not been built on ${process.platform} yet`;
  const stampFile = `${bindingFile}.built-from`;
  const stamp = await fingerprintOf([`${sources}/binding`, ...headers, 'scripts/buildBinding.mjs']);
  if (existsSync(bindingFile) && await textOf(stampFile) === stamp) return undefined;
  const compiler = [process.env.CXX, 'c++', 'g++', 'clang++'].find((name) => name && whereIs(name));
  if (!compiler) return 'the binding to TensorFlow needs a C++ compiler: install g++ or clang++, or name one in CXX';
  const folder = dirname(bindingFile);
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, 'building-'));
  try {
    const built = join(work, 'tfjs_binding.node');
    for (const name of libraries) await makeStub(compiler, name, work);
    await run(compiler, [
      '-O2', '-shared', '-fPIC', '-std=c++17', '-DNAPI_VERSION=8', '-s',
      ...[...headers, sources].flatMap((path) => ['-I', join(root, path)]),
      ...['tfjs_binding.cc', 'tfjs_backend.cc'].map((name) => join(root, sources, 'binding', name)), '-o', built,
      '-Wl,-rpath,$ORIGIN', '-Wl,--no-as-needed', '-L', work, ...libraries.map((name) => `-l:${name}`),
    ]);
    await rename(built, bindingFile);
    await writeFile(stampFile, stamp);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return undefined;
}

/** An empty library with the soname of the real one: enough to link against, so that no TensorFlow is needed to build. */
async function makeStub(/** @type {string} */ compiler, /** @type {string} */ name, /** @type {string} */ folder) {
  const empty = join(folder, 'empty.cc');
  await writeFile(empty, '');
  await run(compiler, ['-shared', '-fPIC', empty, `-Wl,-soname,${name}`, '-o', join(folder, name)]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problem = await buildBinding();
  if (problem) {
    console.error(problem);
    process.exitCode = 1;
  }
}
