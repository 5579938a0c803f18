import type { Architecture } from '../backbones/card.ts';
import { freezeTree, trainedParameters } from '../backbones/freezeTree.ts';
import { networkOf } from '../backbones/networkOf.ts';
import { shortTime } from '../base/units.ts';
import type { CostBasis, Prediction } from '../protocol/answers.ts';
import type { Phase, PlanPreview, PreviewCosts } from '../protocol/previewMessages.ts';
import { controlTitle, photosText } from '../protocol/wording.ts';
import { controlStages, isTrained, ratesToTry, scratchBudgetMs, stepsToTry } from './controlPlan.ts';
import type { Plan } from './plan.ts';
import { planValues } from './planValues.ts';
import { predictPlan, runMs, stageEpochs, workloadOf } from './predict.ts';
import type { Resolved } from './resolve.ts';
import { stageLayers } from './stageLayers.ts';
import { stageLength } from './stageLength.ts';
import { memberCount } from './sweep.ts';

/** What the preview shows of a plan; `basis`: what predictions rest on, once it is known. */
export function previewOf({ plan, origins, backbone }: Resolved, title: string, basis?: CostBasis): PlanPreview {
  const network = backbone && networkOf(backbone, basis?.classes), rows = network ? freezeTree(network) : [];
  return {
    title, backbone: `${backbone?.title ?? plan.backbone}${backbone?.whole ? ` up to ${plan.features}` : ''}`, batch: plan.batch, runs: memberCount(plan), blocks: rows.map(({ path }) => path),
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
  const own = phasesOf(plan, trainSamples, stages), ownMs = own.reduce((sum, { ms }) => sum + ms, 0);
  return { photos: photosText(basis.images, basis.classes, plan.task), engine: basis.engine, stages, cuts, phases: inSequence([...own, ...controlsOf(plan, backbone, ownMs, basis, trainSamples)]) };
}

type Stretch = Omit<Phase, 'fromMs'>;

/** Controls that train, as trainer/child/controls/controls.ts makes them; a run that trains a head alone gets no linear probe beside it. `own`: what the run itself takes. */
function controlsOf(plan: Plan, backbone: Architecture, own: number, basis: CostBasis, trainSamples: number): readonly Stretch[] {
  const isProbe = plan.stages.every(({ train }) => train.join() === 'head');
  return plan.controls.filter(isTrained).filter((control) => control !== 'linear-probe' || !isProbe).map((control): Stretch => {
    const controlled: Plan = { ...plan, stages: controlStages(plan, control, trainSamples) }, [stage] = controlled.stages, { perEpoch, steps } = stageLength(stage!, trainSamples, plan.batch);
    const tries = ratesToTry[control].length * stepsToTry(steps, perEpoch) / steps; // on top of its own updates
    const predicted = predictPlan(controlled, backbone, basis).stages, ms = (1 + tries) * runMs(controlled, predicted, trainSamples);
    const facts = { kind: 'control', name: controlTitle(control), peakBytes: Math.max(...predicted.map(({ peakBytes }) => peakBytes)) } as const;
    switch (control) {
      case 'random-features': return { ...facts, ms: own, words: 'the same plan on random weights' };
      case 'linear-probe': return { ...facts, ms, words: 'a new head on the pretrained features, at the best of three rates' };
      case 'scratch': return { ...facts, ms: Math.min(scratchBudgetMs(plan, own), ms), words: plan.scratchBudget === 'auto' ? 'every layer, at most as long as the run (or a minute)' : 'every layer, within its budget' };
    }
  });
}

/** Features are computed when the first stage needs them: stages with one boundary share them. From the first step on, a budget bounds what follows. */
function phasesOf({ stages, batch, budget }: Plan, trainSamples: number, predicted: readonly Prediction[]): readonly Stretch[] {
  const phases: Stretch[] = [], known = new Set<string>();
  let leftMs = Infinity;
  const add = (kind: Phase['kind'], name: string, ms: number, words: string): void => {
    const cut = ms <= leftMs ? words : leftMs > 0 ? `${words}, cut short by the budget` : 'not reached within the budget';
    phases.push({ kind, name, ms: Math.min(ms, leftMs), words: cut });
    leftMs -= Math.min(ms, leftMs);
  };
  predicted.forEach(({ boundary, featuresMs, epochMs }, i) => {
    const stage = stages[i]!, epochs = stageEpochs(stage, trainSamples, batch);
    if (!known.has(boundary)) {
      if (boundary === 'input') add('features', 'photos', featuresMs, 'decoded once');
      else add('features', 'features', featuresMs, `each photo once, up to ${boundary}`);
    }
    known.add(boundary);
    if (i === 0 && budget !== 'off') leftMs = budget * 60_000;
    add('stage', stage.name, epochs * epochMs, `${counted(epochs, 'epoch')} of ${shortTime(epochMs)}`);
  });
  return phases;
}

/** One after another. */
function inSequence(stretches: readonly Stretch[]): readonly Phase[] {
  let fromMs = 0;
  return stretches.map((stretch) => {
    const phase = { ...stretch, fromMs };
    fromMs += stretch.ms;
    return phase;
  });
}

const counted = (count: number, what: string): string => `${count.toLocaleString('en', { maximumFractionDigits: 1 })} ${what}${count === 1 ? '' : 's'}`;
