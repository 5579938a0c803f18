import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyBackbone, bundledBackbones } from '../../../src/backbones/backbones.ts';
import { formatResolved } from '../../../src/experiment/format.ts';
import { planDifferences, planValues } from '../../../src/experiment/planValues.ts';
import { resolveExperiment } from '../../../src/experiment/resolve.ts';
import type { PlanValue } from '../../../src/protocol/previewMessages.ts';

function valuesOf(text: string, overrides: Record<string, string> = {}): readonly PlanValue[] {
  const checked = resolveExperiment(text, { file: 'x', folderOf: (written) => written, backbones: bundledBackbones, overrides });
  assert.ok(checked.ok);
  return planValues(checked.value.plan, checked.value.origins);
}

const text = 'thaw: 1\ndata: { folder: x }\nstages:\n  - { name: a, train: [head], rate: 1e-3 }\n';

test('a plan differs from another by its values, not by where they came from', () => {
  assert.deepEqual(planDifferences(valuesOf(text), valuesOf(text.replace(', rate: 1e-3', ''))), []);
  assert.deepEqual(planDifferences(valuesOf(text), valuesOf(text, { 'stages.0.rate': '3e-3', 'seed': '5' })), [
    { path: 'stages.0.rate', left: '0.001', right: '0.003' }, { path: 'seed', left: '1', right: '5' },
  ]);
});

test('values of a stage that only one plan has stand against nothing', () => {
  const differences = planDifferences(valuesOf(text), valuesOf(`${text}  - { name: b, train: [all] }\n`));
  assert.ok(differences.length > 5);
  assert.ok(differences.every(({ path, left }) => path.startsWith('stages.1.') && left === undefined));
});

test('the values of a plan are those of its resolved file, one by one', () => {
  const checked = resolveExperiment(text, { file: 'x', folderOf: (written) => written, backbones: bundledBackbones });
  assert.ok(checked.ok);
  const { plan, origins } = checked.value, resolvedText = formatResolved(plan, origins);
  for (const { path, text: value, origin } of planValues(plan, origins)) assert.ok(resolvedText.includes(`${path.split('.').at(-1)!}: ${value}  # ${origin}`), path);
  const again = resolveExperiment(resolvedText, { file: 'x', folderOf: (written) => written, backbones: anyBackbone });
  assert.ok(again.ok);
  assert.deepEqual(planDifferences(planValues(plan, origins), planValues(again.value.plan, again.value.origins)), []);
});
