// @ts-check
// Makes out/thaw-<version>-<platform>.vsix, our binding to TensorFlow for that platform included, and checks what is in it.
// usage: npm run package [-- linux-arm64]
// Another platform's needs its native packages (npm install --os … --cpu …) and a compiler for it (scripts/buildBinding.mjs).
import { createVSIX, listFiles } from '@vscode/vsce';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildWhenStale } from './build.mjs';
import { buildBinding } from './buildBinding.mjs';
import { root } from './repo.mjs';

const here = `${process.platform}-${process.arch}`;

/** What is written for linux-x64, here and in .vscodeignore, for another platform: the same places under its own name. Dawn has one binary for both kinds of Mac. */
const forPlatform = (/** @type {string} */ text, /** @type {string} */ target) =>
  text.replaceAll('linux-x64', target).replaceAll('linux/x64', target.replace('-', '/')).replaceAll(/webgpu\/dist\/darwin-\w+/g, 'webgpu/dist/darwin-universal');

/** Without one of these the installed extension lacks a leg. */
const needed = [
  'package.json', 'README.md', 'LICENSE', 'dist/extension.cjs', 'dist/trainer.mjs', 'dist/cli.mjs', 'dist/decodeWorker.mjs',
  'dist/media/dashboard.js', 'dist/media/dashboard.css', 'dist/media/preview.js', 'dist/media/preview.css', 'dist/wasm/tfjs-backend-wasm-threaded-simd.wasm', 'dist/wasm/thread.mjs', 'dist/binding/linux-x64/tfjs_binding.node', 'media/icons/thaw.svg',
  'backbones/efficientnet_lite0/model.safetensors', 'backbones/efficientnet_lite0/LICENSE', 'backbones/resnet20_cifar10/model.safetensors', 'backbones/resnet20_cifar10/LICENSE',
  'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node', 'node_modules/sharp/dist/index.mjs', 'node_modules/@img/sharp-linux-x64/package.json',
  'node_modules/webgpu/dist/linux-x64/dawn.node',
];

/** None of these has a place in it: other platforms, native TensorFlow (fetched by each user), sources, maps, tests. */
const unwanted = /libtensorflow|node_modules\/@tensorflow|^(src|test|scripts|bench|samples|out)\/|\.map$|\.thaw\//;

/** Where files of one platform lie. @param {string} platform */
const placesOf = (platform) => [`/${platform}/`, `-${platform}/`, `/${platform.replace('-', '/')}/`];
const platforms = ['darwin-arm64', 'darwin-x64', 'win32-x64', 'win32-arm64', 'linux-x64', 'linux-arm64'];

/** Returns the path of the VSIX. */
export async function makePackage(target = here) {
  await buildWhenStale();
  const noBinding = await buildBinding(target);
  if (noBinding) throw new Error(noBinding);
  await mkdir(join(root, 'out'), { recursive: true });
  const ignoreFile = join(root, 'out', 'vscodeignore');
  await writeFile(ignoreFile, forPlatform(await readFile(join(root, '.vscodeignore'), 'utf8'), target));
  const files = await listFiles({ cwd: root, ignoreFile });
  const others = platforms.filter((platform) => platform !== target).flatMap(placesOf);
  const problems = [
    ...needed.map((path) => forPlatform(path, target)).filter((path) => !files.includes(path)).map((path) => `lacks ${path}`),
    ...files.filter((path) => unwanted.test(path) || others.some((place) => path.includes(place))).map((path) => `must not hold ${path}`),
  ];
  if (problems.length) throw new Error(`the package is not right:\n${problems.join('\n')}`);
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const packagePath = join(root, 'out', `thaw-${version}-${target}.vsix`);
  await createVSIX({ cwd: root, packagePath, target, ignoreFile, allowMissingRepository: true, rewriteRelativeLinks: false });
  const { size } = await stat(packagePath);
  console.log(`${packagePath}: ${files.length} files, ${(size / 2 ** 20).toFixed(1)} MiB`);
  return packagePath;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await makePackage(process.argv[2]).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
