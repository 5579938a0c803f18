import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { CutPrediction, Rates } from '../src/protocol/answers.ts';
import type { Kernels } from '../src/engine/kernels.ts';
import type { Network } from '../src/backbones/op.ts';
import type { RunEvent } from '../src/protocol/runEvent.ts';
import { adamW } from '../src/engine/optimizer.ts';
import { blockCuts, callMs, cutCost, sampleMs, stepMs } from '../src/backbones/cost.ts';
import { calibrateEngine, calibratePrefix } from '../src/engine/calibrate.ts';
import { architectureOf } from '../src/backbones/architectures.ts';
import { createState, disposeState, evaluateBatch, setStage, takeLoss, trainStep } from '../src/engine/step.ts';
import { foldBatchNorm } from '../src/backbones/foldBatchNorm.ts';
import { machineOf } from '../src/trainer/child/machine/machine.ts';
import { ownCache } from '../test/support/ownCache.ts';
import { median, table } from './support.ts';
import { onnxGraph } from '../src/backbones/onnxGraph.ts';
import { openEngine } from '../src/trainer/child/machine/engine.ts';
import { openPrefix, type Prefix } from '../src/engine/onnxPrefix.ts';
import { encodeSafetensors } from '../src/backbones/safetensors.ts';
import { toSourceNames } from '../src/backbones/weightNames.ts';
import { randomWeights } from '../src/backbones/initialise.ts';
import { readRates } from '../src/trainer/child/machine/rates.ts';
import { shapesOf, sizeOf } from '../src/backbones/shapes.ts';
import { splitAt } from '../src/backbones/boundary.ts';
import { userCacheFolder } from '../src/base/environment.ts';
import { usualPart } from '../src/engine/timedPart.ts';
import { valueOf } from '../src/trainer/child/photos/dataset.ts';

const batch = 16, photosPerClass = 20, cores = availableParallelism();
/** Five seconds of them, at most 60: in the first ones code is still being compiled. */
const epochsOf = (epochMs: number): number => Math.min(60, Math.max(3, Math.ceil(5000 / epochMs)));
const backbones = ['tf_efficientnet_lite0', 'resnet50'];

/** Is what `thaw cost` says what a run then takes? Steps alone, in processor time, which other work on the machine hardly moves; then whole runs. */
export async function costBench(): Promise<void> {
  await stepsTables();
  runsTables();
}

/** Processor time over the cores: what a clock would show if nothing else ran and no core waited. */
function coreMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 / cores;
}

async function stepsTables(): Promise<void> {
  const machine = machineOf(`file://${resolve('dist')}/cli.mjs`, userCacheFolder(), { endpoint: '' }), { kernels, facts } = await openEngine(machine, usualPart);
  const usual = readRates({ ...machine, cache: '/nowhere' }, facts.name).rates;
  const open = async (model: Uint8Array): Promise<Prefix> => valueOf(await openPrefix(model, { threads: cores }));
  const startMs = performance.now();
  const rates: Rates = { ...usual, ...await calibrateEngine(kernels, usual, coreMs), prefix: await calibratePrefix(open, usual.prefix, coreMs), msPerStep: 0 };
  console.log(`\n${facts.title}, calibrated in ${((performance.now() - startMs) / 1000).toFixed(1)} s (load average ${loadavg()[0]!.toFixed(1)})`);
  for (const name of backbones) {
    const network = architectureOf(name)!.network(6), rows: string[][] = [];
    for (const { path, trained } of [...blockCuts(network)].reverse()) rows.push([path, ...await stepCells(network, trained, kernels, rates, open)]);
    console.log(`\n### ${name}: predicted / measured, batch ${batch}, processor time over ${cores} cores in ms; goal ± 30 %\n`);
    table(['trains from', 'step', '', 'judging', '', 'frozen layers, 8 images', ''], rows);
  }
}

async function stepCells(network: Network, trained: ReadonlySet<string>, kernels: Kernels, rates: Rates, open: (model: Uint8Array) => Promise<Prefix>): Promise<string[]> {
  const cost = cutCost(network, trained), weights = randomWeights(network, 1);
  const x = new Float32Array(batch * sizeOf(shapesOf(network).get(cost.boundary)!)).map((_, i) => i * 37 % 101 / 101);
  const state = createState({ network, from: cost.boundary, input: { mean: [0, 0, 0], std: [1, 1, 1] }, weights, kernels, optimizer: adamW() });
  setStage(state, { groups: [{ names: [...trained], rateFactor: 1, weightDecay: 0.01 }], bnStatistics: 'stored' });
  const rows = { x, labels: new Int32Array(batch), weights: new Float32Array(batch).fill(1) };
  const judged = await medianMs(() => evaluateBatch(state, rows));
  const step = await medianMs(async () => {
    trainStep(state, rows, 1e-6);
    await takeLoss(state);
  });
  disposeState(state);
  const { work, fixed } = stepMs(cost, batch, 1, rates);
  return [...compared(work + fixed, step), ...compared(batch * sampleMs(cost.forward, rates.forward) + callMs(cost.forward, rates.forward), judged),
    ...cost.boundary === 'input' ? ['–', ''] : compared(8 * sampleMs(cost.prefix, rates.prefix), await prefixMs(network, cost.boundary, open))];
}

async function prefixMs(network: Network, boundary: string, open: (model: Uint8Array) => Promise<Prefix>): Promise<number> {
  const { prefix } = splitAt(network, boundary), folded = foldBatchNorm(prefix, randomWeights(network, 1));
  const session = await open(onnxGraph(folded.network, folded.weights, {})), images = new Float32Array(8 * sizeOf(network.input)).fill(0.3);
  const ms = await medianMs(() => session.run(images, 8));
  session.dispose();
  return ms;
}

/** Code that has not been compiled yet takes twice as long: what is short is asked until it has been, as in a run. */
async function medianMs(act: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let totalMs = 0; taken.length < 6 || (taken.length < 200 && totalMs < 200);) {
    const startMs = coreMs();
    await act();
    taken.push(coreMs() - startMs);
    totalMs += taken.at(-1)!;
  }
  return median(taken.slice(taken.length > 12 ? taken.length >> 1 : 1));
}

const compared = (predicted: number, measured: number): string[] => [`${predicted.toFixed(1)} / ${measured.toFixed(1)}`, ratio(predicted, measured)];

/** Each cut is predicted on a machine that was measured a moment before and has learnt nothing from runs, then run on sample photos. */
function runsTables(): void {
  const home = mkdtempSync(join(tmpdir(), 'thaw-cost-')), cache = ownCache(join(home, 'cache'));
  for (const label of readdirSync('samples/recycling6')) {
    for (const name of readdirSync(join('samples/recycling6', label)).slice(0, photosPerClass)) cpSync(join('samples/recycling6', label, name), join(home, 'photos', label, name));
  }
  const thaw = (...args: string[]): string => {
    const ran = spawnSync(process.execPath, ['dist/cli.mjs', ...args, '--home', home], { encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, THAW_CACHE: cache } });
    if (ran.status !== 0) throw new Error(ran.stderr);
    return ran.stdout;
  };
  for (const backbone of backbones) {
    const { network, sourceHead } = architectureOf(backbone)!, weights = toSourceNames(randomWeights(network(1000), 1), sourceHead);
    mkdirSync(join(home, backbone));
    writeFileSync(join(home, backbone, 'config.json'), JSON.stringify({ architecture: backbone, num_classes: 1000 }));
    writeFileSync(join(home, backbone, 'model.safetensors'), encodeSafetensors(weights, { dtype: 'F32' }));
    const experiment = (trains: readonly string[], count = 3): string => {
      const file = join(home, 'cost.thaw.yaml');
      writeFileSync(file, `thaw: 1\ndata: { folder: photos }\nbackbone: ./${backbone}\nbatch: ${batch}\ncontrols: []\nstop: { patience: ${count} }\nstages: [{ train: [${trains.join(', ')}], epochs: ${count}, rate: 1e-4 }]\n`);
      return file;
    };
    const paths = blockCuts(network(6)).map(({ path }) => path);
    const wanted = paths.filter((_, i) => i % 2 === (paths.length - 1) % 2 || i === 0).reverse();
    const rows = wanted.map((from) => {
      for (const name of readdirSync(cache).filter((each) => each.startsWith('rates-'))) rmSync(join(cache, name));
      const trains = paths.slice(paths.indexOf(from));
      const { cuts } = JSON.parse(thaw('cost', experiment(trains), '--json')) as { readonly cuts: readonly CutPrediction[] };
      const cut = cuts.find(({ path }) => path === from)!;
      const events = thaw('run', experiment(trains, epochsOf(cut.epochMs)), '--json').trimEnd().split('\n').map((line) => JSON.parse(line) as RunEvent);
      const measured = events.find((event) => event.type === 'measured')!;
      const epochMs = measured.stages[0]!.epochMs;
      return [
        cut.path, seconds(cut.epochMs), seconds(epochMs), ratio(cut.epochMs, epochMs),
        mib(cut.peakBytes), mib(measured.peakBytes), ratio(cut.peakBytes, measured.peakBytes), loadavg()[0]!.toFixed(1),
      ];
    });
    console.log(`\n### ${backbone}: predicted and measured, batch ${batch}, ${6 * photosPerClass} photos with flips, seconds per epoch (median of 3 to 60, five seconds of them) and peak memory (MiB); goal ± 30 %\n`);
    table(['trains from', 'epoch, predicted', 'measured', 'ratio', 'memory, predicted', 'measured', 'ratio', 'load average'], rows);
    console.log(`\nmedian ratio of epochs ${median(rows.map((row) => Number(row[3]!.split(' ')[0]))).toFixed(2)}`);
  }
  rmSync(home, { recursive: true });
}

const seconds = (ms: number): string => (ms / 1000).toPrecision(3);
const ratio = (predicted: number, measured: number): string => `${(predicted / measured).toFixed(2)} ×`;
const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
