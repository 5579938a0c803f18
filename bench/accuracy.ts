import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { RunManifest } from '../src/protocol/runManifest.ts';
import { peerPython, runPeer, sharedFolder, table } from './support.ts';

interface PeerResult {
  readonly accuracy: readonly number[];
  readonly logisticRegression: number;
}

const settings = { rate: 3e-3, weightDecay: 0.01, epochs: 40, batch: 32, warmup: 0.1, patience: 5, flip: true };
/** With three, the mean on 54 photos moves by two points by itself. */
const seeds = Array.from({ length: 12 }, (_, i) => i + 1);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

/** Is our accuracy what PyTorch gives? The same split, features by timm, the same head and settings, twelve seeds each. */
export function accuracyBench(): void {
  const python = peerPython(), shared = sharedFolder();
  const sets: [string, string][] = [['recycling6', 'samples/recycling6'], ...shared ? ['flowers5', 'hymenoptera'].map((name): [string, string] => [name, join(shared, name, 'images')]) : []];
  const rows = sets.map(([name, from]) => {
    const home = mkdtempSync(join(tmpdir(), 'thaw-accuracy-')), folder = join(home, name);
    cpSync(from, folder, { recursive: true });
    writeFileSync(join(home, `${name}.thaw.yaml`), experiment(name));
    const runs = seeds.map((seed) => thawRun(home, name, seed));
    const ours = runs.map(({ test }) => test!.value);
    const peer = python && runPeer(python, 'peer_head.py', [join(home, '.thaw', 'runs', runs[0]!.id), folder, resolve('backbones/efficientnet_lite0/model.safetensors'), JSON.stringify(settings), ...seeds.map(String)]) as PeerResult;
    rmSync(home, { recursive: true });
    return [name, String(runs[0]!.test!.items), percent(mean(ours)), ours.map(percent).join(', '),
      ...peer ? [percent(mean(peer.accuracy)), peer.accuracy.map(percent).join(', '), (100 * (mean(ours) - mean(peer.accuracy))).toFixed(1), percent(peer.logisticRegression)] : ['–', '–', '–', '–']];
  });
  console.log(`\n### Test accuracy, frozen EfficientNet-Lite0, the same head on the same split, mean of ${seeds.length} seeds (goal: within 1.5 points)\n`);
  table(['set', 'test items', 'Thaw', 'seeds', 'PyTorch + timm', 'seeds', 'difference (points)', 'scikit-learn logistic regression'], rows);
}

const experiment = (folder: string): string => `thaw: 1
data: { folder: ${folder} }
stages:
  - { name: probe, train: [head], epochs: ${settings.epochs}, rate: ${settings.rate}, weightDecay: ${settings.weightDecay}, warmup: 10%, augment: flip }
batch: ${settings.batch}
stop: { patience: ${settings.patience} }
controls: [blind]
`;

function thawRun(home: string, name: string, seed: number): RunManifest {
  const cli = (...args: string[]): string => {
    const ran = spawnSync(process.execPath, ['dist/cli.mjs', ...args, '--home', home], { encoding: 'utf8', maxBuffer: 1 << 28 });
    if (ran.status !== 0) throw new Error(ran.stderr);
    return ran.stdout;
  };
  cli('run', join(home, `${name}.thaw.yaml`), '--json', '--set', `seed=${seed}`);
  return (JSON.parse(cli('runs', '--json')) as RunManifest[])[0]!;
}
