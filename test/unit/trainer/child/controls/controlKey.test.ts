import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { controlKey, isSameKind, reusableControl, type ControlFacts } from '../../../../../src/trainer/child/controls/controlKey.ts';
import { controlStages } from '../../../../../src/experiment/controlPlan.ts';
import type { StagePlan } from '../../../../../src/experiment/plan.ts';
import type { RunId, RunManifest } from '../../../../../src/protocol/runManifest.ts';
import { placeOf, type RunFolder } from '../../../../../src/runs/runFolder.ts';
import { predictionsFile } from '../../../../../src/runs/predictions.ts';
import { aRun } from '../../../../support/runs.ts';
import { defaultPlan, stageOf } from '../../../../support/stage.ts';
import { temporaryFolder } from '../../../../support/temporary.ts';

const stage = stageOf({ name: 'one', train: ['all'], epochs: 3, batchNorm: 'batch' }), stop = defaultPlan().stop;
const facts: ControlFacts = { control: 'scratch', fingerprint: 'f', backbone: 'b', weights: 'w', plan: { batch: 8, seed: 1, stop, inputSize: 'auto', features: 'last' }, stages: [stage] };

test('the key of a control changes with what it depends on, and with nothing else', () => {
  const key = controlKey(facts), same: readonly Partial<ControlFacts>[] = [{ weights: 'others' }, { stages: [{ ...stage, name: 'renamed' }] }, { plan: { ...facts.plan, stop: { ...stop, patience: 9 } } }];
  const others: readonly Partial<ControlFacts>[] = [
    { fingerprint: 'g' }, { backbone: 'c' }, { control: 'random-features' }, { stages: [{ ...stage, epochs: 4 }] }, { stages: [{ ...stage, weightDecay: 0 }] },
    { plan: { ...facts.plan, seed: 2 } }, { plan: { ...facts.plan, batch: 16 } }, { plan: { ...facts.plan, inputSize: 160 } }, { plan: { ...facts.plan, features: 'layer2' } }, { plan: { ...facts.plan, stop: { ...stop, metric: 'validation.accuracy' } } },
  ];
  for (const change of same) assert.equal(controlKey({ ...facts, ...change }), key, JSON.stringify(change));
  const keys = others.map((change) => controlKey({ ...facts, ...change }));
  assert.equal(new Set([key, ...keys]).size, 1 + others.length);
  const probe: ControlFacts = { ...facts, control: 'linear-probe' };
  assert.notEqual(controlKey(probe), controlKey({ ...probe, weights: 'others' }), 'a probe rests on the pretrained weights');
});

test('of the same kind is a control that differs in its length only; of scratch, what its plan froze and how long each stage was do not matter', () => {
  const others: readonly Partial<ControlFacts>[] = [{ fingerprint: 'g' }, { stages: [{ ...stage, weightDecay: 0 }] }, { stages: [stage, stage] }, { plan: { ...facts.plan, seed: 2 } }];
  const longer = controlKey({ ...facts, stages: [{ ...stage, epochs: 9 }] });
  assert.ok(longer !== controlKey(facts) && isSameKind(longer, controlKey(facts)));
  for (const change of others) assert.ok(!isSameKind(controlKey({ ...facts, ...change }), controlKey(facts)), JSON.stringify(change));
  const keyOf = (...stages: readonly StagePlan[]): string => controlKey({ ...facts, stages: controlStages({ ...defaultPlan(), stages }, 'scratch', 80, 60) });
  const probe = { ...stage, train: ['head'], epochs: 6, rate: 1e-2, batchNorm: 'stored', regularize: { ...stage.regularize, l2sp: 1 } } as const;
  assert.equal(keyOf(probe), keyOf({ ...probe, epochs: 2 }, { ...probe, train: ['blocks.6', 'head'], epochs: 4, layerDecay: 0.7, rate: 1e-4 }));
  assert.notEqual(keyOf(probe), keyOf({ ...probe, augment: 'strong' }));
});

test('a control is found again when it has finished, has its predictions, and had at least half of the time', (t) => {
  const home = temporaryFolder(t), control = (changes: Partial<RunManifest>, whole = true): RunFolder => {
    const run = aRun(home, { status: 'finished', controlOf: '20260101-000000-a-000000' as RunId, controlKey: 'k', ...changes });
    mkdirSync(run.evaluations);
    if (whole) writeFileSync(predictionsFile(run, 'test'), '');
    return run;
  };
  const cut = control({ cutAtStep: 40, budgetMs: 60_000 }), found = (key: string, budgetMs?: number): string | undefined => reusableControl(placeOf(cut), key, budgetMs)?.folder.id;
  control({ status: 'stopped' });
  control({}, false);
  assert.deepEqual([found('k', 60_000), found('k', 120_000), found('k', 121_000), found('l')], [cut.id, cut.id, undefined, undefined]);
  const whole = control({ createdAt: '2999-01-01T00:00:00.000Z', id: '29990101-000000-a-000000' as RunId, budgetMs: 1 });
  assert.equal(found('k', 1e9), whole.id, 'one that came to its end needs no more time');
});
