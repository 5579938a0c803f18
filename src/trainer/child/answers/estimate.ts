import type { CostBasis, Estimate } from '../../../protocol/answers.ts';
import type { EngineFacts } from '../../../protocol/runEvent.ts';
import type { Machine } from '../machine/machine.ts';
import type { Plan } from '../../../experiment/plan.ts';
import type { Architecture } from '../../../backbones/card.ts';
import { bundledCards } from '../../../backbones/cards.ts';
import { anyBackbone, bundledBackbones } from '../../../backbones/backbones.ts';
import { experimentText, presets } from '../../../experiment/presets.ts';
import { controlStages } from '../../../experiment/controlPlan.ts';
import { predictPlan, runMs, workloadOf } from '../../../experiment/predict.ts';
import { calibratedRates, readRates } from '../machine/rates.ts';
import { preflightFolder } from './preflight.ts';
import { recommend } from '../../../experiment/recommend.ts';
import { resolveExperiment } from '../../../experiment/resolve.ts';
import { isManifestName } from '../../../experiment/manifestName.ts';
import { outputsOf, scanData, scanPlace } from '../photos/scanData.ts';
import { engineOffer, expectedEngine, openEngine } from '../machine/engine.ts';
import { trainingMemory } from '../machine/memory.ts';
import { usualPart } from '../../../engine/timedPart.ts';
import { valueOf } from '../photos/dataset.ts';

/** Loading, choosing an engine, evaluating controls: what every run takes beside its images. */
const fixedSeconds = 4;

/** What each plan would do with `folder`, which may be a manifest, and how long it would take, from a scan and a look at a few photos. */
export async function estimateFolder(folder: string, machine: Machine): Promise<Estimate> {
  const { scan, task } = await scanPlace(folder);
  if (!scan.ok) return { images: 0, classes: 0, plans: [], why: '', problems: [...scan.errors, ...scan.warnings] };
  const { files, diagnostics } = scan.value;
  const images = files.length, classes = outputsOf(scan.value);
  const offer = await engineOffer(machine), engine = await expectedEngine(machine);
  const basisOn = (name: EngineFacts['name']): CostBasis => ({ images, classes, engine: name, memoryBytes: trainingMemory(name), rates: readRates(machine, name).rates });
  const ofClasses = task === 'image-classification';
  const plans = presets.filter((preset) => ofClasses || !preset.ofClasses).map(({ name, title, detail }) => {
    const { plan, backbone } = valueOf(resolveExperiment(experimentText(name, { folder: isManifestName(folder) ? folder : '.', task }), { file: name, folderOf: () => folder, backbones: bundledBackbones }));
    const { seconds, peakBytes } = predictRun(plan, backbone!, basisOn(engine)), scratch: Plan = { ...plan, stages: controlStages(plan, 'scratch', images), controls: [] };
    return { preset: name, title, detail, seconds, peakBytes, scratchSeconds: Math.max(60, seconds), scratchBytes: predictRun(scratch, backbone!, basisOn(engine)).peakBytes, ...(offer && { offeredSeconds: predictRun(plan, backbone!, basisOn('tensorflow')).seconds }) };
  });
  const distance = await distanceOf(folder, machine);
  const { preset: best, why } = recommend({ ...(!ofClasses && { task }), images, classes, distance, secondsOf: (preset) => plans.find((plan) => plan.preset === preset)!.seconds });
  return {
    ...(!ofClasses && { task }), images, classes, why, ...(distance && { distance }), ...(offer && { offer }), problems: diagnostics.filter(({ severity }) => severity === 'warning'), // a bad file spoils no folder: the run leaves it out and says so
    plans: plans.sort((a, b) => Number(b.preset === best) - Number(a.preset === best)),
  };
}

/** Undefined: the photos cannot be read, or the backbone keeps no memory of its own; what is wrong with them is the run's to say. */
async function distanceOf(folder: string, machine: Machine): Promise<'near' | 'far' | undefined> {
  const found = await preflightFolder(folder, bundledCards[0]!.name, machine).catch(() => undefined);
  return found && (found.some(({ code }) => code === 'far-from-source') ? 'far' : 'near');
}

/** The run and its control on a random backbone, which does the same work once more; features not cached yet. */
export function predictRun(plan: Plan, backbone: Pick<Architecture, 'network'>, basis: CostBasis): { readonly seconds: number; readonly peakBytes: number } {
  const { stages } = predictPlan(plan, backbone, basis), times = plan.controls.includes('random-features') ? 2 : 1;
  return { seconds: fixedSeconds + times * runMs(plan, stages, workloadOf(plan, basis.images).trainSamples) / 1000, peakBytes: Math.max(...stages.map(({ peakBytes }) => peakBytes)) };
}

/** `cost <data>`, what dataText writes: the photos that a plan uses, and the prices of the machine, measured now if they never were. */
export async function costBasis(data: string, machine: Machine): Promise<CostBasis> {
  const { plan } = valueOf(resolveExperiment(data, { file: 'data', folderOf: (folder) => folder, backbones: anyBackbone }));
  const scanned = await scanData(plan, {}), { files } = scanned, expected = await expectedEngine(machine), known = readRates(machine, expected);
  const opened = known.measured ? undefined : await openEngine(machine, usualPart, expected).catch(() => openEngine(machine, usualPart));
  return {
    images: files.length, classes: outputsOf(scanned), engine: opened?.facts.name ?? expected,
    memoryBytes: trainingMemory(opened?.facts.name ?? expected), rates: opened ? await calibratedRates(machine, opened) : known.rates,
  };
}
