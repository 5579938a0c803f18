import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import type { RunEvent } from '../src/protocol/runEvent.ts';
import { median, peerPython, runPeer, sharedFolder, table } from './support.ts';

/**
 * The main job: a folder of 1,000 photos, a new head on frozen EfficientNet-Lite0, 10 epochs, from process start to test
 * accuracy, cold caches; beside a PyTorch + timm script that does the same as their pages show (peer_job.py).
 */
export async function jobBench(rounds = 3): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-job-'));
  const photos = join(folder, 'photos');
  const source = await thousandPhotos(photos);
  const ours: { tested: number; verdict: number; accuracy: number }[] = [], theirs: number[] = [];
  const python = peerPython();
  for (let round = 0; round < rounds; round++) {
    rmSync(join(folder, '.thaw'), { recursive: true, force: true });
    ours.push(thawJob(folder));
    if (python) theirs.push((runPeer(python, 'peer_job.py', [photos, resolve('backbones/efficientnet_lite0/model.safetensors'), '10']) as { seconds: number }).seconds);
  }
  rmSync(folder, { recursive: true });
  const tested = median(ours.map((each) => each.tested)), verdict = median(ours.map((each) => each.verdict));
  console.log(`\n### 1,000 photos (${source}), 10 head epochs, process start to final metrics, cold, median of ${rounds}\n`);
  table(['', 'seconds', 'PyTorch + timm / Thaw', 'goal'], [
    ['Thaw, to test accuracy', tested.toFixed(1), theirs.length ? `${median(theirs.map((s, i) => s / ours[i]!.tested)).toFixed(1)} ×` : '–', '≥ 10 ×'],
    ['Thaw, to the verdict (kNN and random backbone judged too)', verdict.toFixed(1), theirs.length ? `${median(theirs.map((s, i) => s / ours[i]!.verdict)).toFixed(1)} ×` : '–', ''],
    ...theirs.length ? [['PyTorch + timm, frozen backbone, 2 loader workers', median(theirs).toFixed(1), '1', '']] : [],
  ]);
}

function thawJob(folder: string): { tested: number; verdict: number; accuracy: number } {
  writeFileSync(join(folder, 'photos.thaw.yaml'), 'thaw: 1\ndata: { folder: photos }\nstages: [{ name: probe, train: [head], epochs: 10, rate: 3e-3 }]\nstop: { patience: 10 }\n');
  const start = Date.now();
  const ran = spawnSync(process.execPath, ['dist/cli.mjs', 'run', join(folder, 'photos.thaw.yaml'), '--no-scratch', '--json'], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const verdict = (Date.now() - start) / 1000;
  const events = ran.stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as RunEvent);
  const tested = events.find((event) => event.type === 'tested');
  if (tested?.type !== 'tested') throw new Error(`no result: ${ran.stderr}`);
  return { tested: (Date.parse(tested.at) - start) / 1000, verdict, accuracy: tested.accuracy.value };
}

/** Real photos of three sets where they lie beside the checkout, else crops of the sample photos. */
async function thousandPhotos(into: string): Promise<string> {
  const shared = sharedFolder();
  if (shared) {
    let left = 1000;
    for (const set of ['recycling6', 'flowers5', 'hymenoptera']) {
      for (const label of readdirSync(join(shared, set, 'images'))) {
        const names = readdirSync(join(shared, set, 'images', label)).slice(0, left);
        if (names.length === 0) continue;
        mkdirSync(join(into, label), { recursive: true });
        for (const name of names) cpSync(join(shared, set, 'images', label, name), join(into, label, name));
        left -= names.length;
      }
    }
    return 'real photos of 3 sets, 13 classes, long side 256';
  }
  let made = 0;
  for (const label of readdirSync('samples/recycling6')) {
    mkdirSync(join(into, label), { recursive: true });
    for (const name of readdirSync(join('samples/recycling6', label))) {
      for (let crop = 0; crop < 3 && made < 1000; crop++, made++) {
        const image = sharp(readFileSync(join('samples/recycling6', label, name))).extract({ left: 20 * crop, top: 10 * crop, width: 210, height: 160 });
        await image.resize(256).jpeg({ quality: 88 }).toFile(join(into, label, `${crop}-${name}`));
      }
    }
  }
  return 'crops of the sample photos, 6 classes';
}
