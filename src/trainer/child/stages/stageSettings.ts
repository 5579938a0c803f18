import type { StagePlan } from '../../../experiment/plan.ts';
import type { StageSettings } from '../../../engine/step.ts';
import type { TrainJob } from './trainJob.ts';
import { adam, adamW, sgd, type Optimizer } from '../../../engine/optimizer.ts';
import { classBalance } from '../../../engine/losses/classBalance.ts';
import { taskOf } from './task.ts';
import { dropPathShares } from '../../../backbones/residuals.ts';
import { groupsOf } from '../photos/groups.ts';
import { isRestrained } from '../../../experiment/restraints.ts';

/** What the keys of a stage mean to the engine. trainable: parameter names. */
export function stageSettings(job: TrainJob, stage: StagePlan, trainable: ReadonlySet<string>): StageSettings {
  const { network, plan, dataset: { classes, labels, rows }, weights, sourceHead } = job;
  const counts = classes.map((_, label) => rows.train.filter((row) => labels[row] === label).length);
  const classWeights = classBalance(stage.classBalance, counts), dropout = trainable.has('head.weight') ? stage.dropout : 0;
  const dropPath = dropPathShares(network, trainable, stage.dropPath), { mixup, cutmix } = stage;
  const fit = job.fitOf?.(stage);
  return {
    bnStatistics: stage.batchNorm,
    groups: groupsOf(network, trainable, stage),
    rowsAtOnce: Math.min(plan.batch, fit?.rowsAtOnce ?? plan.batch),
    recomputes: fit?.recomputes ?? false,
    objective: taskOf(job.dataset).objectiveOf({ labelSmoothing: stage.labelSmoothing, ...(classWeights && { classWeights }), ...(stage.loss === 'focal' && { gamma: stage.gamma }), ...(stage.loss === 'huber' && { delta: stage.delta }) }),
    ...(stage.clip !== 'off' && { clipNorm: stage.clip }),
    ...(mixup + cutmix > 0 && { mixing: { mixup, cutmix } }),
    ...(dropout + dropPath.size > 0 && { noise: { dropout, dropPath } }),
    ...(isRestrained(stage.regularize) && { restraint: { strengths: stage.regularize, source: weights, ...(sourceHead && { sourceHead }) } }),
    ...(stage.ema !== 'off' && { averageDecay: stage.ema }),
  };
}

export function optimizerOf({ optimizer, momentum }: Pick<StagePlan, 'optimizer' | 'momentum'>): Optimizer {
  switch (optimizer) {
    case 'adamw': return adamW();
    case 'adam': return adam();
    case 'sgd': return sgd({ momentum });
    case 'nesterov': return sgd({ momentum, nesterov: momentum > 0 });
  }
}
