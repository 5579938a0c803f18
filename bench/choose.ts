import { mkdtempSync, rmSync } from 'node:fs';
import { resolve, join } from 'node:path';
import { tmpdir } from 'node:os';
import { architectureOf } from '../src/backbones/architectures.ts';
import { blockCuts } from '../src/backbones/cost.ts';
import { timedPartOf } from '../src/engine/timedPart.ts';
import { ownCache } from '../test/support/ownCache.ts';
import { machineOf } from '../src/trainer/child/machine/machine.ts';
import { openEngine } from '../src/trainer/child/machine/engine.ts';
import { table } from './support.ts';

/** What the first run of each kind of plan spends on choosing its engine: self-tests and timed steps; the goal is 2 s. Loading the libraries comes on top, once. */
export async function chooseBench(): Promise<void> {
  const cache = ownCache(mkdtempSync(join(tmpdir(), 'thaw-choose-'))), rows: string[][] = [];
  const machine = machineOf(`file://${resolve('dist')}/cli.mjs`, cache, { endpoint: '' });
  for (const name of ['tf_efficientnet_lite0', 'resnet50', 'vgg16', 'vit_small_patch16_224']) {
    const network = architectureOf(name)!.network(6), cuts = blockCuts(network);
    for (const { path, trained } of [cuts.at(-1)!, cuts.at(-3)!, cuts[0]!]) {
      const startMs = performance.now(), { facts } = await openEngine(machine, timedPartOf(network, trained, 'stored', 32)), tookMs = performance.now() - startMs;
      const steps = facts.tried.map(({ name, stepMs }) => stepMs === undefined ? undefined : `${name} ${stepMs.toFixed(1)}`).filter((text) => text !== undefined);
      rows.push([`${name} from ${path}`, facts.timed!, facts.name, steps.join(', '), `${(facts.testsMs! / 1000).toFixed(2)} s`, `${(tookMs / 1000).toFixed(2)} s`]);
    }
  }
  rmSync(cache, { recursive: true });
  console.log('\n### Choosing the engine: what a plan trains, milliseconds a step, and what the tests took; with loading the libraries\n');
  table(['plan', 'timed', 'chosen', 'ms a step', 'tests', 'in all'], rows);
}
