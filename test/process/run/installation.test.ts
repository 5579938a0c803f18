/** What the machine may refuse: room on the disk, leave to write, an undamaged installation. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { RunManifest } from '../../../src/protocol/runManifest.ts';
import { runFoldersIn } from '../../../src/runs/runIndex.ts';
import { placesOf } from '../../../src/runs/runFolder.ts';
import { Command, manifestOf, type Said, Workspace } from '../../support/product.ts';
import { repoRoot } from '../../support/root.ts';

/** The product as it ships, in a folder of its own (inside the repository: native packages lie above it), to be damaged. */
function aCopy(t: TestContext): string {
  mkdirSync(join(repoRoot, 'out'), { recursive: true });
  const folder = mkdtempSync(join(repoRoot, 'out', 'installed-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['dist', 'backbones', 'package.json']) cpSync(join(repoRoot, name), join(folder, name), { recursive: true });
  return folder;
}

test('damaged and missing weights are said before anything is trained on them', async (t) => {
  const product = aCopy(t), weights = join(product, 'backbones/efficientnet_lite0/model.safetensors');
  const bytes = readFileSync(weights);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(weights, bytes);
  const workspace = new Workspace(t, product);
  const damaged = await workspace.thaw('run', workspace.quickExperiment());
  assert.equal(damaged.code, 1);
  assert.match(unwrapped(damaged), /model\.safetensors: the weights of EfficientNet-Lite0 are damaged: their sha256 is [0-9a-f]{12}…, not [0-9a-f]{12}… reinstall Thaw /);
  assert.deepEqual([manifestOf(workspace.lastRun()).status, manifestOf(workspace.lastRun()).problem?.code], ['failed', 'bad-weights']);
  rmSync(weights);
  assert.match(unwrapped(await workspace.thaw('run', 'quick.thaw.yaml')), /model\.safetensors: the weights of EfficientNet-Lite0 are missing reinstall Thaw /);
});

test('a full disk is said as such whenever it strikes: before the run has a folder, before it begins, while features are kept', { skip: noMounts() }, async (t) => {
  const workspace = new Workspace(t), experiment = workspace.quickExperiment();
  for (const roomKiB of [4, 60, 100]) {
    const { code, stdout, stderr } = await onOwnDisk(workspace, `mount -t tmpfs -o size=${roomKiB}k tmpfs "$disk"`, `run ${experiment} --home "$disk"`);
    assert.equal(code, 1, `${roomKiB} KiB`);
    assert.match(stdout + stderr, /the disk is full/);
    assert.match(stdout + stderr, /free some room, or delete runs you no longer need/);
    assert.doesNotMatch(stderr, /^\s+at /m);
    if (roomKiB === 4) continue;
    const { status, problem } = JSON.parse(/^run\.json (.*)$/m.exec(stdout)?.[1] ?? '') as RunManifest;
    assert.deepEqual([status, problem?.code], ['failed', 'disk-full']);
  }
});

test('where nothing can be written beside the photos, experiment and runs are kept in the user\'s data folder, which is said', { skip: noMounts() }, async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 6, paper: 6 }, 'disk/photos');
  const quickly = '--preset features-only --set controls=[blind] --set stages.0.epochs=1 --set stages.0.augment=none';
  const { code, stdout, stderr } = await onOwnDisk(workspace, 'mount --bind "$disk" "$disk" && mount -o remount,bind,ro "$disk"', `run disk/photos ${quickly}`);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stderr, /^wrote \S+\/user-data\/thaw\/homes\/[0-9a-f]{16}\/photos-[0-9a-f]{6}\.thaw\.yaml$/m);
  assert.match(stderr, /disk\/\.thaw warning unwritable: \S+ cannot be written \(EROFS\): runs are kept in \S+\/user-data\/thaw\/homes\//);
  assert.match(stdout, /run folder {2}user-data\/thaw\/homes\//);
  const [, elsewhere] = placesOf(workspace.path('disk'), workspace.path('user-data', 'thaw')), [run] = runFoldersIn(elsewhere);
  assert.equal(manifestOf(run!).status, 'finished');
  const list = await workspace.thaw('runs', '--home', 'disk');
  assert.match(list.stdout, /^photos-[0-9a-f]{6} {2}finished/);
});

/** Runs thaw in a mount name space of its own after `mounting` something on $disk, then prints its manifests. */
function onOwnDisk(workspace: Workspace, mounting: string, command: string): Promise<Said> {
  mkdirSync(workspace.path('disk'), { recursive: true });
  const script = `disk="$PWD/disk"; ${mounting} || exit 99; "$1" "$2" ${command}; code=$?; for file in disk/.thaw/runs/*/run.json; do [ -f "$file" ] && echo run.json $(cat "$file"); done; exit $code`;
  return new Command(spawn('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', process.execPath, workspace.cli], { cwd: workspace.folder, env: workspace.environment })).ended;
}

/** A disk of one's own needs a name space, which not every machine grants. */
function noMounts(): string | false {
  const tried = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
  return tried.status !== 0 && 'needs unshare(1) with user and mount name spaces';
}

/** What was said, without the line breaks that fit it to the terminal. */
const unwrapped = ({ stdout }: Said): string => stdout.replace(/\s+/g, ' ');
