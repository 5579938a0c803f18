import type { Architecture } from '../backbones/card.ts';
import { freezeTree, trainedParameters } from '../backbones/freezeTree.ts';
import { networkOf } from '../backbones/networkOf.ts';
import { shortTime } from '../base/units.ts';
import type { CostBasis, Prediction } from '../protocol/answers.ts';
import type { Phase, PlanPreview, PreviewCosts } from '../protocol/previewMessages.ts';
import { controlTitle } from '../protocol/wording.ts';
import { controlStages, isTrained, ratesToTry, scratchBudgetMs, stepsToTry } from './controlPlan.ts';
import type { Plan } from './plan.ts';
import { planValues } from './planValues.ts';
import { predictPlan, runMs, stageEpochs, workloadOf } from './predict.ts';
import type { Resolved } from './resolve.ts';
import { stageLayers } from './stageLayers.ts';
import { stageLength } from './stageLength.ts';

/** What the preview shows of a plan; `basis`: what predictions rest on, once it is known. */
export function previewOf({ plan, origins, backbone }: Resolved, title: string, basis?: CostBasis): PlanPreview {
  const network = backbone && networkOf(backbone, basis?.classes), rows = network ? freezeTree(network) : [];
  return {
    title, backbone: backbone?.title ?? plan.backbone, batch: plan.batch, blocks: rows.map(({ path }) => path),
    stages: plan.stages.map((stage) => {
      const layers = network && stageLayers(network, stage);
      return {
        name: stage.name, words: `at most ${stage.steps === 'auto' ? counted(stage.epochs, 'epoch') : counted(stage.steps, 'step')}, rate ${stage.rate}`, batchNorm: stage.batchNorm,
        trainedParameters: rows.reduce((sum, row) => sum + trainedParameters(row, layers!.trained), 0),
        blocks: rows.map((row) => layers!.factsOf(row)).map(({ state, training, layers: all }) => ({ state, training, layers: all })),
      };
    }),
    values: planValues(plan, origins),
    quickControls: plan.controls.filter((control) => !isTrained(control)).map(controlTitle),
    ...(basis && backbone && { costs: costsOf(plan, backbone, basis) }),
  };
}

function costsOf(plan: Plan, backbone: Architecture, basis: CostBasis): PreviewCosts {
  const { stages, cuts } = predictPlan(plan, backbone, basis), { trainSamples } = workloadOf(plan, basis.images);
  return { images: basis.images, classes: basis.classes, engine: basis.engine, stages, cuts, phases: phasesOf(plan, trainSamples, stages, controlsOf(plan, backbone, stages, basis, trainSamples)) };
}

interface Stretch { readonly name: string; readonly ms: number; readonly words: string }

/** Controls that train, as trainer/child/controls.ts makes them; a run that trains a head alone gets no linear probe beside it. */
function controlsOf(plan: Plan, backbone: Architecture, stages: readonly Prediction[], basis: CostBasis, trainSamples: number): readonly Stretch[] {
  const own = runMs(plan, stages, trainSamples), isProbe = plan.stages.every(({ train }) => train.join() === 'head');
  return plan.controls.filter(isTrained).filter((control) => control !== 'linear-probe' || !isProbe).map((control) => {
    const controlled: Plan = { ...plan, stages: controlStages(plan, control, trainSamples) }, [stage] = controlled.stages, { perEpoch, steps } = stageLength(stage!, trainSamples, plan.batch);
    const tries = ratesToTry[control].length * stepsToTry(steps, perEpoch) / steps; // on top of its own updates
    const ms = (1 + tries) * runMs(controlled, predictPlan(controlled, backbone, basis).stages, trainSamples);
    switch (control) {
      case 'random-features': return { name: controlTitle(control), ms: own, words: 'the same plan on random weights' };
      case 'linear-probe': return { name: controlTitle(control), ms, words: 'a new head on the pretrained features, at the best of three rates' };
      case 'scratch': return { name: controlTitle(control), ms: Math.min(scratchBudgetMs(plan, own), ms), words: plan.scratchBudget === 'auto' ? 'every layer, at most as long as the run (or a minute)' : 'every layer, within its budget' };
    }
  });
}

/** Features are computed when the first stage needs them: stages with one boundary share them. */
function phasesOf({ stages, batch }: Plan, trainSamples: number, predicted: readonly Prediction[], controls: readonly Stretch[]): readonly Phase[] {
  const phases: Phase[] = [], known = new Set<string>();
  const add = (kind: Phase['kind'], { name, ms, words }: Stretch): void => {
    const last = phases.at(-1);
    phases.push({ kind, name, words, ms, fromMs: last ? last.fromMs + last.ms : 0 });
  };
  predicted.forEach(({ boundary, featuresMs, epochMs }, i) => {
    const stage = stages[i]!, epochs = stageEpochs(stage, trainSamples, batch);
    if (!known.has(boundary)) {
      add('features', boundary === 'input' ? { name: 'photos', ms: featuresMs, words: 'decoded once' } : { name: 'features', ms: featuresMs, words: `each photo once, up to ${boundary}` });
    }
    known.add(boundary);
    add('stage', { name: stage.name, ms: epochs * epochMs, words: `${counted(epochs, 'epoch')} of ${shortTime(epochMs)}` });
  });
  for (const control of controls) add('control', control);
  return phases;
}

const counted = (count: number, what: string): string => `${count.toLocaleString('en', { maximumFractionDigits: 1 })} ${what}${count === 1 ? '' : 's'}`;
