// @ts-check
// Makes an engine pack: one file that `thaw engine install --from` and `--source` take (docs/formats.md).
// usage: npm run pack:engine [-- --platform linux-x64] [--tensorflow 2.18.0] [--cuda] [--from <wheels>] [--stored]
// Without --from the packages are fetched by pip, uv or Maven. The binding must have been built for the platform.
// --stored: not compressed, so four times as large and made in seconds, for a disk or a network that is fast.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { build as bundle } from 'esbuild';
import { ZipFile } from 'yazl';
import { bindingFileOf, buildBinding } from './buildBinding.mjs';
import { root } from './repo.mjs';

/** So that equal contents make equal packs. */
const mtime = new Date('2000-01-01T00:00:00Z');
const licence = /(^|\/)(LICEN[CS]E|NOTICE|THIRD_PARTY_NOTICES)[^/]*$/i;

const { values: options } = parseArgs({ options: { platform: { type: 'string', default: `${process.platform}-${process.arch}` }, tensorflow: { type: 'string' }, cuda: { type: 'boolean', default: false }, from: { type: 'string' }, stored: { type: 'boolean', default: false } } });
/** How every member is written. */
const how = { mtime, compress: !options.stored };

await packEngine().catch((error) => {
  console.error(error.diagnostics?.map((/** @type {{ message: string }} */ { message }) => message).join('\n') ?? error.message);
  process.exitCode = 1;
});

async function packEngine() {
  const { platform, tensorflow, cuda, from } = options;
  const noBinding = await buildBinding(platform);
  if (noBinding) throw new Error(noBinding);
  const product = await productModules();
  const build = product.builds[platform]?.find((/** @type {any} */ each) => (each.cuda !== undefined) === cuda && (tensorflow === undefined || each.tensorflow === tensorflow));
  if (!build) throw new Error(`no engine is pinned for ${platform}${cuda ? ' with CUDA' : ''}${tensorflow ? ` of TensorFlow ${tensorflow}` : ''}`);
  await mkdir(join(root, 'out'), { recursive: true });
  const work = await mkdtemp(join(root, 'out', 'packing-'));
  const source = from === undefined ? product.clientSource({ folder: work, onBytes: () => {} }) : product.fileSource(from);
  try {
    const zip = new ZipFile(), target = join(root, 'out', product.packName(build, platform)), fresh = join(work, 'pack.zip');
    const writing = pipeline(zip.outputStream, createWriteStream(fresh));
    zip.on('error', (error) => /** @type {any} */ (zip.outputStream).destroy(error));
    await add(zip, build, platform, source, product);
    zip.end();
    await writing;
    await rename(fresh, target);
    console.log(`${target}: ${((await stat(target)).size / 2 ** 20).toFixed(1)} MiB`);
  } finally {
    await source.close();
    await rm(work, { recursive: true, force: true });
  }
}

/** @param {ZipFile} zip @param {any} build @param {string} platform @param {any} source @param {any} product */
async function add(zip, build, platform, source, product) {
  const binding = await readFile(bindingFileOf(platform)), members = [];
  for (const each of build.packages) {
    const opened = await source.open(each, build);
    if (!opened) throw new Error(source.lacks([build]).message);
    console.error(`› ${product.nameOf(each)}`);
    for (const { path, sizeBytes, sha256 } of each.members) {
      const foundBytes = opened.directory.get(path).sizeBytes; // its hash is known only when all of it is packed
      if (foundBytes !== sizeBytes) throw new Error(`${opened.archive.name}: ${path} has ${foundBytes} bytes, not ${sizeBytes}: it is not the pinned file`);
      members.push({ path, sizeBytes, sha256 });
      zip.addReadStreamLazy(path, how, (give) => give(null, Readable.from(bytesOf(opened, path, product, sha256))));
    }
    for (const path of [...opened.directory.keys()].filter((name) => licence.test(name) && !/\/include\/.+\//.test(name))) {
      zip.addReadStreamLazy(`licences/${basename(each.package.replace(':', '/'))}/${basename(path)}`, how, (give) => give(null, Readable.from(bytesOf(opened, path, product))));
    }
  }
  const path = `binding/${platform}/tfjs_binding.node`;
  zip.addBuffer(binding, path, how);
  zip.addFile(join(root, 'LICENSE'), 'licences/thaw/LICENSE', { mtime });
  zip.addFile(join(root, 'third_party', 'tensorflow-c', 'LICENSE'), 'licences/tensorflow/LICENSE', { mtime });
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const manifest = {
    format: product.packFormat, platform, tensorflow: build.tensorflow, ...(build.cuda !== undefined && { cuda: build.cuda }), nodeApi: product.bindingNodeApi, thaw: version,
    binding: { path, sizeBytes: binding.length, sha256: createHash('sha256').update(binding).digest('hex') }, members,
  };
  zip.addBuffer(Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`), product.manifestPath, { mtime });
}

/** A member's bytes; with a hash, they end in an error when they are others. @param {any} opened @param {string} path @param {any} product @param {string} [sha256] */
async function* bytesOf(opened, path, product, sha256) {
  const [packed, unpacker] = product.openMember(opened.archive, opened.directory.get(path)), hash = createHash('sha256');
  const unpacking = pipeline(packed, unpacker);
  unpacking.catch(() => {}); // awaited below; the loop fails first
  for await (const chunk of unpacker) {
    hash.update(chunk);
    yield chunk;
  }
  await unpacking;
  if (sha256 !== undefined && hash.digest('hex') !== sha256) throw new Error(`${opened.archive.name}: ${path} is not the pinned file`);
}

/** The product's own reader of packages, and its pins. @returns {Promise<any>} */
async function productModules() {
  const outfile = join(root, 'out', 'native.mjs');
  const names = ['pins', 'clientSource', 'fileSource', 'zip', 'enginePack', 'loadBinding'];
  await bundle({
    stdin: { contents: names.map((name) => `export * from './${name}.ts';`).join('\n'), resolveDir: join(root, 'src', 'trainer', 'native') },
    outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'error',
  });
  return import(outfile);
}
