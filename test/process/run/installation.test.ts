/** What the machine may refuse: room on the disk, leave to write, an undamaged installation. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { runFoldersIn } from '../../../src/runs/runIndex.ts';
import { placesOf } from '../../../src/runs/runFolder.ts';
import { factsOf, manifestOf, quick, Workspace } from '../../support/product.ts';
import { repoRoot } from '../../support/root.ts';

/** The product as it ships, in a folder of its own (inside the repository: native packages lie above it), to be damaged. */
function aCopy(t: TestContext): string {
  mkdirSync(join(repoRoot, 'out'), { recursive: true });
  const folder = mkdtempSync(join(repoRoot, 'out', 'installed-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['dist', 'backbones', 'package.json']) cpSync(join(repoRoot, name), join(folder, name), { recursive: true });
  return folder;
}

test('damaged weights are found by their hash before anything is trained on them', async (t) => {
  const product = aCopy(t), weights = join(product, 'backbones/efficientnet_lite0/model.safetensors');
  const bytes = readFileSync(weights);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(weights, bytes);
  const workspace = new Workspace(t, product);
  const { code, stdout, stderr } = await workspace.thaw('run', workspace.quickExperiment());
  assert.equal(code, 1, stderr);
  assert.match(stdout, /model\.safetensors: the weights of EfficientNet-Lite0 are damaged: their sha256 is [0-9a-f]{12}…, not [0-9a-f]{12}…\nreinstall Thaw\n/);
  assert.deepEqual([manifestOf(workspace.lastRun()).status, manifestOf(workspace.lastRun()).problem?.code], ['failed', 'bad-weights']);

  rmSync(weights);
  assert.match((await workspace.thaw('run', 'quick.thaw.yaml')).stdout, /the weights of EfficientNet-Lite0 are missing\nreinstall Thaw\n/);
});
