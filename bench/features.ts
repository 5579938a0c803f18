import sharp from 'sharp';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FoundFile, SampleId, View } from '../src/data/sample.ts';
import { availableParallelism } from 'node:os';
import { BoundaryFeatures } from '../src/trainer/child/features/features.ts';
import { Bug } from '../src/base/bug.ts';
import { cardOf } from '../src/backbones/cards.ts';
import { fileStore } from '../src/runs/fileStore.ts';
import { foldBatchNorm } from '../src/backbones/foldBatchNorm.ts';
import { median, peerPython, table } from './support.ts';
import { StepProcess } from './stepProcess.ts';
import { onnxGraph, onnxInput } from '../src/backbones/onnxGraph.ts';
import { prepared } from '../src/data/prepare.ts';
import { preprocess } from '../src/data/preprocess.ts';
import { pretrained } from '../src/trainer/child/weights/cardWeights.ts';
import { splitAt } from '../src/backbones/boundary.ts';

/**
 * Features of EfficientNet-Lite0 at 224 px: Thaw's way (batches, feature cache on disk, checksums) against ONNX Runtime
 * alone on the same graph, from decoded pixels and from 256-px JPEG files. Taken in turns, median of `rounds`.
 */
export async function featuresBench(rounds = 5): Promise<void> {
  const card = cardOf('efficientnet_lite0')!, network = card.network(6), threads = availableParallelism();
  const weights = await pretrained(card, network, resolve('backbones'), 1);
  const folder = resolve('samples/recycling6'), files = jpegs(folder);
  const pixels = await Promise.all(files.slice(0, 128).map(async ({ id }) => {
    const { data, info } = await sharp(join(folder, id)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    return preprocess({ data, width: info.width, height: info.height }, card.input, 'centre');
  }));

  const { prefix } = splitAt(network, 'global_pool'), folded = foldBatchNorm(prefix, weights);
  const runtime = await import('onnxruntime-node');
  const session = await runtime.InferenceSession.create(onnxGraph(folded.network, folded.weights, { normalise: card.input }), { intraOpNumThreads: threads, logSeverityLevel: 3 });
  const alone = async (): Promise<number> => {
    const batch = new Uint8Array(8 * pixels[0]!.length);
    const startMs = performance.now();
    for (let at = 0; at < pixels.length; at += 8) {
      pixels.slice(at, at + 8).forEach((each, i) => batch.set(each, i * each.length));
      await session.run({ [onnxInput]: new runtime.Tensor('uint8', batch, [8, card.input.height, card.input.width, 3]) });
    }
    return pixels.length / ((performance.now() - startMs) / 1000);
  };
  const views = (each: Uint8Array): ReadonlyMap<View, Uint8Array> => new Map([['centre', each]]);
  const fresh = async (use: (features: BoundaryFeatures) => Promise<number>): Promise<number> => {
    const cache = mkdtempSync(join(tmpdir(), 'thaw-bench-'));
    const features = await BoundaryFeatures.open({
      network, weights, boundary: 'global_pool', input: card.input, store: fileStore(cache, 'never'), threads, views: ['centre'], worker: new URL(`file://${resolve('dist/prefixWorker.mjs')}`),
      report: ({ message }) => console.log(message), engine: () => Promise.reject(new Bug('ONNX Runtime is needed here')),
    });
    for (let i = 0; i < 32; i++) await features.take(`a${i}`.padEnd(64, '0'), views(pixels[i]!));
    await sleep(1000); // all sessions are open and warm, and have nothing to do
    const startMs = performance.now(), images = await use(features);
    await features.finish();
    const perSecond = images / ((performance.now() - startMs) / 1000);
    features.dispose();
    rmSync(cache, { recursive: true });
    return perSecond;
  };
  const fromPixels = (): Promise<number> => fresh(async (features) => {
    for (const [i, each] of pixels.entries()) await features.take(String(i + 1).padStart(64, '0'), views(each));
    return pixels.length;
  });
  const fromFiles = (): Promise<number> => fresh(async (features) => {
    for await (const item of prepared({ folder, files }, card.input, ['centre'], { worker: new URL(`file://${resolve('dist/decodeWorker.mjs')}`) })) {
      if ('views' in item) await features.take(item.facts.sha256, item.views);
    }
    return files.length;
  });

  const python = peerPython(), layouts = ['nchw', 'channels_last'], batch = 16;
  const peers = python ? await Promise.all(layouts.map((layout) => StepProcess.start(python, [join('bench', 'peer_step.py'), 'tf_efficientnet_lite0', 'features', String(batch), '-', layout]))) : [];
  await alone();
  const ort: number[] = [], decoded: number[] = [], jpeg: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ort.push(await alone());
    decoded.push(await fromPixels());
    jpeg.push(await fromFiles());
    for (const peer of peers) await peer.step(true);
  }
  for (const peer of peers) await peer.end();
  const ratio = (ours: readonly number[]): string => `${median(ours.map((value, i) => value / ort[i]!)).toFixed(2)} ×`;
  console.log(`\n### Features of EfficientNet-Lite0, 224 px, ${threads} threads, images per second, median of ${rounds}\n`);
  table(['', 'images / s', 'against ONNX Runtime alone', 'goal'], [
    ['ONNX Runtime alone, decoded pixels', median(ort).toFixed(0), '1', ''],
    ['Thaw, decoded pixels → cache', median(decoded).toFixed(0), ratio(decoded), '≥ 0.95 ×'],
    ['Thaw, 256-px JPEG files → cache', median(jpeg).toFixed(0), ratio(jpeg), '≥ 0.75 ×'],
  ]);
  const [nchw, last] = peers.map(({ stepsMs }) => stepsMs.map((ms) => 8 * batch / (ms / 1000)));
  if (!nchw || !last) return;
  const best = median(nchw) > median(last) ? nchw : last;
  console.log(`\nPyTorch eager, decoded pixels, nothing kept: ${median(nchw).toFixed(0)} images / s (NCHW), ${median(last).toFixed(0)} (channels-last); Thaw from decoded pixels ${median(decoded.map((value, i) => value / best[i]!)).toFixed(2)} × the better one (goal ≥ 2.5 ×)`);
}

const jpegs = (folder: string): FoundFile[] => readdirSync(folder).flatMap((label) =>
  readdirSync(join(folder, label)).map((name) => ({ id: `${label}/${name}` as SampleId, label, sizeBytes: 10_000 })));
