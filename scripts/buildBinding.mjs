// @ts-check
// Compiles the binding of @tensorflow/tfjs-node-gpu, as it ships in that package, against TensorFlow's C API. Their own
// build wants TensorFlow 2.9 from a host of theirs; ours needs a C++ compiler and the headers in third_party/, and runs
// on any later TensorFlow: the library is found by its soname, beside the binding (trainer/native/loadBinding.ts).
// usage: node scripts/buildBinding.mjs [platform]
// Another platform's is built by a compiler for it, named in CXX, with its arguments: CXX="zig c++ -target aarch64-macos".
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprintOf, textOf } from './fingerprint.mjs';
import { root } from './repo.mjs';
import { run, whereIs } from './shell.mjs';

const sources = 'node_modules/@tensorflow/tfjs-node-gpu';
/** Ops of our own, in the same library. */
const kernels = 'native';
const headers = ['node_modules/node-api-headers/include', 'third_party/tensorflow-c/include'];
const here = `${process.platform}-${process.arch}`;

/**
 * How each system links: what the binding asks the loader for, and that it is looked for beside the binding.
 * @type {Readonly<Record<string, { libraries: readonly string[], stub: (name: string) => readonly string[], link: readonly string[] }>>}
 */
const systems = {
  linux: {
    libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
    stub: (name) => [`-Wl,-soname,${name}`],
    link: ['-Wl,-rpath,$ORIGIN', '-Wl,--no-as-needed'],
  },
  darwin: {
    libraries: ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'],
    stub: (name) => [`-Wl,-install_name,@rpath/${name}`],
    link: ['-Wl,-rpath,@loader_path', '-Wl,-undefined,dynamic_lookup'],
  },
};

/** Where the product looks for it (trainer/child/machine/machine.ts). */
export const bindingFileOf = (platform = here) => join(root, 'dist', 'binding', platform, 'tfjs_binding.node');
export const bindingFile = bindingFileOf();

/** Builds what is missing or stale. @returns {Promise<string | undefined>} why there is none */
export async function buildBinding(platform = here) {
  const system = systems[platform.split('-')[0] ?? ''], target = bindingFileOf(platform);
  if (!system) return `the binding to TensorFlow has not been built for ${platform} yet`;
  const stampFile = `${target}.built-from`;
  const stamp = await fingerprintOf([`${sources}/binding`, kernels, ...headers, 'scripts/buildBinding.mjs']);
  if (existsSync(target) && await textOf(stampFile) === stamp) return undefined;
  const [compiler, ...first] = process.env.CXX?.split(' ').filter(Boolean) ?? (platform === here ? ['c++', 'g++', 'clang++'].filter(whereIs).slice(0, 1) : []);
  if (!compiler) return platform === here ? 'the binding to TensorFlow needs a C++ compiler: install g++ or clang++, or name one in CXX' : `name a C++ compiler for ${platform} in CXX`;
  const compile = (/** @type {readonly string[]} */ args) => run(compiler, [...first, ...args]);
  const folder = dirname(target);
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, 'building-'));
  try {
    const built = join(work, 'tfjs_binding.node'), empty = join(work, 'empty.cc');
    await writeFile(empty, '');
    // Empty libraries under the real ones' names: enough to link against, so that no TensorFlow is needed to build.
    for (const name of system.libraries) await compile(['-shared', '-fPIC', empty, ...system.stub(name), '-o', join(work, name)]);
    await compile([
      '-O3', '-shared', '-fPIC', '-std=c++17', '-DNAPI_VERSION=8', '-s',
      ...[...headers, sources].flatMap((path) => ['-I', join(root, path)]),
      ...['tfjs_binding.cc', 'tfjs_backend.cc'].map((name) => join(root, sources, 'binding', name)), join(root, kernels, 'kernels.cc'), '-o', built,
      ...system.link, ...system.libraries.map((name) => join(work, name)),
    ]);
    await rename(built, target);
    await writeFile(stampFile, stamp);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problem = await buildBinding(process.argv[2]);
  if (problem) {
    console.error(problem);
    process.exitCode = 1;
  }
}
