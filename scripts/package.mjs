// @ts-check
// Makes out/thaw-<version>-linux-x64.vsix and checks what is in it.
// usage: npm run package
import { createVSIX, listFiles } from '@vscode/vsce';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildWhenStale } from './build.mjs';
import { buildBinding } from './buildBinding.mjs';
import { root } from './repo.mjs';

const target = 'linux-x64';

/** Without one of these the installed extension lacks a leg. */
const needed = [
  'package.json', 'README.md', 'LICENSE', 'dist/extension.cjs', 'dist/trainer.mjs', 'dist/cli.mjs', 'dist/decodeWorker.mjs',
  'dist/media/dashboard.js', 'dist/media/dashboard.css', 'dist/wasm/tfjs-backend-wasm-simd.wasm', 'dist/binding/linux-x64/tfjs_binding.node', 'media/icons/thaw.svg',
  'backbones/efficientnet_lite0/model.safetensors', 'backbones/efficientnet_lite0/LICENSE',
  'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node', 'node_modules/sharp/dist/index.mjs',
];

/** None of these has a place in it: other platforms, native TensorFlow (fetched by each user), sources, maps, tests. */
const unwanted = /darwin|win32|linux\/arm64|libtensorflow|node_modules\/@tensorflow|^(src|test|scripts|bench|samples|out)\/|\.map$|\.thaw\//;

/** Returns the path of the VSIX. */
export async function makePackage() {
  await buildWhenStale();
  const noBinding = await buildBinding();
  if (noBinding) throw new Error(noBinding);
  const files = await listFiles({ cwd: root });
  const problems = [
    ...needed.filter((path) => !files.includes(path)).map((path) => `lacks ${path}`),
    ...files.filter((path) => unwanted.test(path)).map((path) => `must not hold ${path}`),
  ];
  if (problems.length) throw new Error(`the package is not right:\n${problems.join('\n')}`);
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const packagePath = join(root, 'out', `thaw-${version}-${target}.vsix`);
  await mkdir(join(root, 'out'), { recursive: true });
  await createVSIX({ cwd: root, packagePath, target, allowMissingRepository: true, rewriteRelativeLinks: false });
  const { size } = await stat(packagePath);
  console.log(`${packagePath}: ${files.length} files, ${(size / 2 ** 20).toFixed(1)} MiB`);
  return packagePath;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await makePackage().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
