import type { Architecture } from '../backbones/card.ts';
import { freezeTree, trainedParameters } from '../backbones/freezeTree.ts';
import { networkOf } from '../backbones/networkOf.ts';
import { shortTime } from '../base/units.ts';
import type { CostBasis, Prediction } from '../protocol/answers.ts';
import type { Phase, PlanPreview, PreviewCosts } from '../protocol/previewMessages.ts';
import { controlTitle } from '../protocol/wording.ts';
import { controlPlan } from './controlPlan.ts';
import type { Plan } from './plan.ts';
import { planValues } from './planValues.ts';
import { predictPlan, runMs } from './predict.ts';
import type { Resolved } from './resolve.ts';
import { stageLayers } from './stageLayers.ts';

/** What the preview shows of a plan; `basis`: what predictions rest on, once it is known. */
export function previewOf({ plan, origins, backbone }: Resolved, title: string, basis?: CostBasis): PlanPreview {
  const network = backbone && networkOf(backbone, basis?.classes), rows = network ? freezeTree(network) : [];
  return {
    title, backbone: backbone?.title ?? plan.backbone, batch: plan.batch, blocks: rows.map(({ path }) => path),
    stages: plan.stages.map((stage) => {
      const layers = network && stageLayers(network, stage);
      return {
        name: stage.name, words: `at most ${epochsText(stage.epochs)}, rate ${stage.rate}`, batchNorm: stage.batchNorm,
        trainedParameters: rows.reduce((sum, row) => sum + trainedParameters(row, layers!.trained), 0),
        blocks: rows.map((row) => layers!.factsOf(row)).map(({ state, training, layers: all }) => ({ state, training, layers: all })),
      };
    }),
    values: planValues(plan, origins),
    quickControls: plan.controls.filter((control) => !trains(control)).map(controlTitle),
    ...(basis && backbone && { costs: costsOf(plan, backbone, basis) }),
  };
}

function costsOf(plan: Plan, backbone: Architecture, basis: CostBasis): PreviewCosts {
  const { stages, cuts } = predictPlan(plan, backbone, basis);
  return { images: basis.images, classes: basis.classes, engine: basis.engine, stages, cuts, phases: phasesOf(plan, stages, controlsOf(plan, backbone, stages, basis)) };
}

type TrainedControl = Parameters<typeof controlPlan>[1];
const trains = (control: string): control is TrainedControl => control === 'random-features' || control === 'scratch';

interface Stretch { readonly name: string; readonly ms: number; readonly words: string }

/** Controls that train, as judging.ts runs them: the same plan again, and all layers from random weights within a budget. */
function controlsOf(plan: Plan, backbone: Architecture, stages: readonly Prediction[], basis: CostBasis): readonly Stretch[] {
  const own = runMs(plan, stages);
  return plan.controls.filter(trains).map((control) => {
    if (control === 'random-features') return { name: controlTitle(control), ms: own, words: 'the same plan on random weights' };
    const scratch = controlPlan(plan, control), budgetMs = plan.scratchBudget === 'auto' ? Math.max(60_000, own) : 60_000 * plan.scratchBudget;
    const words = plan.scratchBudget === 'auto' ? 'every layer, at most as long as the run (or a minute)' : 'every layer, within its budget';
    return { name: controlTitle(control), ms: Math.min(budgetMs, runMs(scratch, predictPlan(scratch, backbone, basis).stages)), words };
  });
}

/** Features are computed when the first stage needs them: stages with one boundary share them. */
function phasesOf({ stages }: Plan, predicted: readonly Prediction[], controls: readonly Stretch[]): readonly Phase[] {
  const phases: Phase[] = [], known = new Set<string>();
  const add = (kind: Phase['kind'], { name, ms, words }: Stretch): void => {
    const last = phases.at(-1);
    phases.push({ kind, name, words, ms, fromMs: last ? last.fromMs + last.ms : 0 });
  };
  predicted.forEach(({ boundary, featuresMs, epochMs }, i) => {
    const { name, epochs } = stages[i]!;
    if (!known.has(boundary)) {
      add('features', boundary === 'input' ? { name: 'photos', ms: featuresMs, words: 'decoded once' } : { name: 'features', ms: featuresMs, words: `each photo once, up to ${boundary}` });
    }
    known.add(boundary);
    add('stage', { name, ms: epochs * epochMs, words: `${epochsText(epochs)} of ${shortTime(epochMs)}` });
  });
  for (const control of controls) add('control', control);
  return phases;
}

const epochsText = (epochs: number): string => `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;
