import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { bindingFile } from '../../../../scripts/buildBinding.mjs';
import { fileArchive } from '../../../../src/trainer/native/archive.ts';
import { installedEngine, thisPlatform } from '../../../../src/trainer/native/engineCache.ts';
import { loadBinding } from '../../../../src/trainer/native/loadBinding.ts';
import { nameOf } from '../../../../src/trainer/native/pins.ts';
import { readDirectory } from '../../../../src/trainer/native/zip.ts';
import { engineToPack, packEngine, packOf } from '../../../support/enginePack.ts';
import { valueOf, Workspace } from '../../../support/product.ts';
import { zipFile } from '../../../support/zipFile.ts';

const packed = await engineToPack(), skip = packed ? false : 'no native engine is installed here';

test('a pack of this machine\'s engine installs without a network or a package client, and its own binding loads it', { skip }, async (t) => {
  const { build } = packed!, at = new Workspace(t), cacheDir = at.path('cache'), pack = await packOf(packed!, { anew: true });
  const here = { ...at.environment, THAW_CACHE: cacheDir, PATH: at.folder };
  const { code, stdout, stderr } = await at.thawIn(here, 'engine', 'install', '--from', pack);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `TensorFlow ${build.tensorflow}\n`);
  const installed = (await installedEngine({ cacheDir }))!;
  assert.deepEqual(await readFile(join(installed.folder, 'tfjs_binding.node')), await readFile(bindingFile));
  const [listed] = JSON.parse((await at.thawIn(here, 'engine', 'list', '--json')).stdout) as [{ readonly state: string }];
  assert.equal(listed.state, 'used');
  const binding = valueOf(loadBinding(installed, at.path('a Thaw without bindings'))) as { readonly TF_Version: string };
  assert.equal(binding.TF_Version, build.tensorflow);

  const archive = await fileArchive(pack), paths = [...(await readDirectory(archive)).keys()];
  await archive.close();
  assert.deepEqual(paths.filter((path) => path.startsWith('licences/')), [`licences/${build.packages[0]!.package.replace(/.*:/, '')}/LICENSE`, 'licences/thaw/LICENSE', 'licences/tensorflow/LICENSE']);
});

test('what is not the pinned package is not packed', { skip }, async (t) => {
  const { build } = packed!, at = new Workspace(t), wheel = at.path('wrong.whl'), { members } = build.packages[0]!;
  await writeFile(wheel, zipFile(Object.fromEntries(members.map(({ path }) => [path, Buffer.from('short')]))));
  await assert.rejects(packEngine(wheel, build), ({ message }: Error) => message.includes(`wrong.whl: ${members[0]!.path} has 5 bytes, not ${members[0]!.sizeBytes}`));
  await writeFile(wheel, zipFile({ readme: Buffer.from('nothing else') }));
  await assert.rejects(packEngine(wheel, build), ({ message }: Error) => message.includes('wrong.whl holds no TensorFlow library') || message.includes(nameOf(build.packages[0]!)));
  await assert.rejects(packEngine(wheel, { ...build, tensorflow: '1.0.0' }), ({ message }: Error) => message.includes(`no engine is pinned for ${thisPlatform} of TensorFlow 1.0.0`));
});
