import type { Card } from '../../backbones/card.ts';
import type { Estimate } from '../../protocol/answers.ts';
import type { Machine } from './machine.ts';
import type { Plan } from '../../experiment/plan.ts';
import type { Rates } from '../../backbones/cost.ts';
import { bundledBackbones } from '../../backbones/backbones.ts';
import { cardOf } from '../../backbones/cards.ts';
import { cutCost, predictTime } from '../../backbones/cost.ts';
import { experimentText, presets, recommend } from '../../experiment/presets.ts';
import { matchPatterns } from '../../backbones/freezePlan.ts';
import { readRates } from './rates.ts';
import { resolveExperiment } from '../../experiment/resolve.ts';
import { scanFolder } from '../../data/scan.ts';
import { engineOffer, isEngineInstalled } from './engine.ts';
import { valueOf } from './dataset.ts';

/** Loading, choosing an engine, evaluating controls: what every run takes beside its images. */
const fixedSeconds = 4;

/** What each plan would do with `folder`, and how long it would take, from a scan alone: nothing is decoded. */
export async function estimateFolder(folder: string, machine: Machine): Promise<Estimate> {
  const scan = await scanFolder(folder);
  if (!scan.ok) return { images: 0, classes: 0, plans: [], why: '', problems: [...scan.errors, ...scan.warnings] };
  const { files, diagnostics } = scan.value;
  const images = files.length, classes = new Set(files.map(({ label }) => label)).size;
  const offer = await engineOffer(machine), rates = readRates(machine, await isEngineInstalled(machine) ? 'tensorflow' : 'wasm');
  const { preset: best, why } = recommend({ images, classes });
  const plans = presets.map(({ name, title, detail }) => {
    const { plan } = valueOf(resolveExperiment(experimentText(name, { folder: '.' }), { file: name, folderOf: () => folder, backbones: bundledBackbones }));
    const predicted = (on: Rates): number => predictSeconds(plan, cardOf(plan.backbone)!, { images, classes }, on), seconds = predicted(rates);
    return { preset: name, title, detail, seconds, scratchSeconds: Math.max(60, seconds), ...(offer && { offeredSeconds: predicted(readRates(machine, 'tensorflow')) }) };
  });
  return {
    images, classes, why, ...(offer && { offer }), problems: diagnostics.filter(({ severity }) => severity === 'warning'), // a bad file spoils no folder: the run leaves it out and says so
    plans: plans.sort((a, b) => Number(b.preset === best) - Number(a.preset === best)),
  };
}

/** The run and its control on a random backbone, which does the same work once more; features not cached yet. */
export function predictSeconds({ stages, batch, data: { split } }: Plan, card: Card, { images, classes }: { readonly images: number; readonly classes: number }, rates: Rates): number {
  const network = card.network(classes);
  const share = (part: number): number => Math.round(images * part);
  let ms = 0;
  for (const stage of stages) {
    const cost = cutCost(network, matchPatterns(network, stage.train).trained);
    ms += predictTime(cost, {
      trainSamples: share(split.train), validationSamples: share(split.validation), testSamples: share(split.test),
      views: stage.augment === 'flip' ? 2 : 1, batch, epochs: stage.epochs,
    }, rates).totalMs;
  }
  return fixedSeconds + 2 * ms / 1000;
}
