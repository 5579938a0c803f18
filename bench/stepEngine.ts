import { pathToFileURL } from 'node:url';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { architectureOf } from '../src/backbones/architectures.ts';
import type { EngineFacts } from '../src/protocol/runEvent.ts';
import { collectGarbage } from '../src/base/collectGarbage.ts';
import { createState, setStage, takeLoss, trainStep } from '../src/engine/step.ts';
import { adamW } from '../src/engine/optimizer.ts';
import { freezeBoundary, splitAt } from '../src/backbones/boundary.ts';
import { groupsOf } from '../src/trainer/child/photos/groups.ts';
import { machineOf } from '../src/trainer/child/machine/machine.ts';
import { openEngine } from '../src/trainer/child/machine/engine.ts';
import { parametersOf } from '../src/backbones/parameters.ts';
import { randomWeights } from '../src/backbones/initialise.ts';
import { rng } from '../src/base/rng.ts';
import { sizeOf } from '../src/backbones/shapes.ts';
import { timedPartOf } from '../src/engine/timedPart.ts';
import { takeHubAccess, userCacheFolder } from '../src/base/environment.ts';

/**
 * Thaw's side of `npm run bench -- step`, a process of its own: takes one step for each line that it reads and answers
 * with its milliseconds; at the end of its input with peak memory. peer_step.py is its counterpart.
 * usage: node stepEngine.js ARCHITECTURE full|recomputed|stored|top BATCH PATTERN [ENGINE]     PATTERN: of the node names that train in `top`
 */
const [name = '', mode = '', batchSize = '', pattern = '', engine = 'tensorflow'] = process.argv.slice(2);
const say = (facts: object): void => { process.stdout.write(`${JSON.stringify(facts)}\n`); };

const architecture = architectureOf(name)!, network = architecture.network(10), rows = Number(batchSize), bnStatistics = mode === 'full' || mode === 'recomputed' ? 'batch' : 'stored';
const trained = new Set(parametersOf(network).filter(({ buffer, node }) => !buffer && (mode !== 'top' || new RegExp(pattern).test(node))).map((each) => each.name));

const startMs = performance.now();
const machine = machineOf(pathToFileURL(resolve('dist/cli.mjs')).href, userCacheFolder(), takeHubAccess());
const { kernels, facts } = await openEngine(machine, timedPartOf(network, trained, bnStatistics, rows), engine as EngineFacts['name']);
const engineMs = performance.now() - startMs;

const from = mode === 'top' ? freezeBoundary(network, trained) : 'input'; // frozen blocks come from the feature cache
const state = createState({ network, from, input: architecture.input, weights: randomWeights(network, 1), kernels, optimizer: adamW() });
setStage(state, { groups: groupsOf(network, trained, { layerDecay: 1, weightDecay: 0.01, regularize: { l2sp: 0, delta: 0, bss: 0, lwf: 0 } }), bnStatistics, recomputes: mode === 'recomputed' });

collectGarbage(); // as the trainer does

const random = rng(1, 'step bench');
const x = Float32Array.from({ length: rows * sizeOf(splitAt(network, from).suffix.input) }, () => random.normal());
const batch = { x, labels: Int32Array.from({ length: rows }, () => random.int(10)), weights: new Float32Array(rows).fill(1) };

async function step(): Promise<number> {
  const start = performance.now();
  trainStep(state, batch, 1e-3);
  await takeLoss(state);
  return performance.now() - start;
}

const firstMs = await step();
say({ title: facts.title, firstMs, startMs: engineMs + firstMs });
for await (const _ of createInterface({ input: process.stdin })) say({ stepMs: await step() });
say({ peakBytes: 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) });
process.exit();
