import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { test } from 'node:test';
import { archiveBytesOf, builds, diskBytesOf, packName } from '../../../../src/trainer/native/pins.ts';

const all = Object.entries(builds).flatMap(([platform, list]) => list.map((build) => ({ platform, build })));

test('each platform that is meant to work has a library, Linux x64 one with CUDA too, by package names alone', () => {
  assert.deepEqual(all.map(({ platform, build }) => packName(build, platform)), [
    'thaw-engine-2.21.0-linux-x64.zip', 'thaw-engine-2.18.0-linux-x64.zip', 'thaw-engine-2.21.0-linux-x64-cuda.zip',
    'thaw-engine-2.21.0-linux-arm64.zip', 'thaw-engine-2.18.0-linux-arm64.zip',
    'thaw-engine-2.21.0-darwin-arm64.zip', 'thaw-engine-2.18.0-darwin-arm64.zip', 'thaw-engine-2.18.0-win32-x64.zip',
  ]);
  for (const { build } of all) for (const { package: name, tag } of build.packages) assert.doesNotMatch(`${name} ${tag}`, /[/\\]|https?|\.(com|io|net)\b/);
});

test('the first member of each is TensorFlow as the binding names it', () => {
  const first: Readonly<Record<string, string>> = { linux: 'libtensorflow_cc.so.2', darwin: 'libtensorflow_cc.2.dylib', win32: 'tensorflow.dll' };
  for (const { platform, build } of all) assert.equal(basename(build.packages[0]!.members[0]!.path), first[platform.split('-')[0]!]);
});

test('every member has a whole hash of its own, lies within its engine, and is no larger packed than its archive', () => {
  const members = all.flatMap(({ build }) => build.packages.flatMap((each) => each.members.map((member) => ({ ...member, archiveBytes: each.archiveBytes }))));
  assert.ok(members.length > 30);
  for (const { path, sha256, sizeBytes, packedBytes, archiveBytes } of members) {
    assert.match(sha256, /^[0-9a-f]{64}$/);
    assert.match(path, /^[a-z]+\/[\w./-]+$/);
    assert.ok(!path.includes('..') && sizeBytes > 0 && packedBytes > 0 && packedBytes < archiveBytes, path);
  }
  assert.equal(new Set(members.map(({ sha256 }) => sha256)).size, members.length);
});

test('members that lie flat in one folder have names of their own', () => {
  for (const { build } of all.filter(({ build: { cuda } }) => cuda === undefined)) {
    const names = build.packages.flatMap(({ members }) => members.map(({ path }) => basename(path)));
    assert.equal(new Set(names).size, names.length);
  }
});

test('the build with CUDA brings the libraries that TensorFlow opens by name, under the paths its run path names', () => {
  const { build } = all.find(({ build: { cuda } }) => cuda !== undefined)!;
  const paths = build.packages.flatMap(({ members }) => members.map(({ path }) => path));
  for (const [folder, library] of [
    ['cublas', 'libcublas.so.12'], ['cublas', 'libcublasLt.so.12'], ['cuda_cupti', 'libcupti.so.12'], ['cuda_nvrtc', 'libnvrtc.so.12'], ['cuda_runtime', 'libcudart.so.12'],
    ['cudnn', 'libcudnn.so.9'], ['cufft', 'libcufft.so.11'], ['curand', 'libcurand.so.10'], ['cusolver', 'libcusolver.so.11'], ['cusparse', 'libcusparse.so.12'],
    ['nccl', 'libnccl.so.2'], ['nvjitlink', 'libnvJitLink.so.12'],
  ]) assert.ok(paths.includes(`nvidia/${folder}/lib/${library}`), library);
  assert.ok(archiveBytesOf(build) < 2 ** 32 && diskBytesOf(build) > 4 * 2 ** 30); // a pack of it needs no zip64
});
