import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import { formatResolved } from '../../../src/experiment/format.ts';
import { resolveExperiment, type ResolveOptions } from '../../../src/experiment/resolve.ts';
import { sweepOf } from '../../../src/experiment/sweep.ts';
import { diagnosticText } from '../../../src/protocol/diagnostic.ts';

const options: ResolveOptions = { file: 'x.thaw.yaml', folderOf: (written) => `/photos/${written}`, backbones: bundledBackbones };
const base = 'thaw: 1\ndata: { folder: photos }\n';
const resolved = (text: string, more: Partial<ResolveOptions> = {}) => {
  const result = resolveExperiment(base + text, { ...options, ...more });
  assert.ok(result.ok, result.ok ? '' : result.errors.map(diagnosticText).join('\n'));
  return result.value;
};
const errors = (text: string): string[] => {
  const result = resolveExperiment(text.startsWith('thaw') ? text : base + text, options);
  return result.ok ? [] : result.errors.map(diagnosticText);
};

test('variants make a run of each combination, named by their values or by names, and seeds repeat each', () => {
  const { plan } = resolved('stages: [{ train: [head] }, { train: [all] }]\nvariants:\n  rate: [1e-3, 0.01]\n  stages.1.train: { top: [head, blocks.6], all: [all] }\nseeds: 2\n');
  assert.deepEqual(sweepOf(plan).map(({ name, repeats }) => [name, repeats]), [
    ['rate 0.001 · top · seed 1', undefined], ['rate 0.001 · top · seed 2', 0], ['rate 0.001 · all · seed 1', undefined], ['rate 0.001 · all · seed 2', 2],
    ['rate 0.01 · top · seed 1', undefined], ['rate 0.01 · top · seed 2', 4], ['rate 0.01 · all · seed 1', undefined], ['rate 0.01 · all · seed 2', 6],
  ]);
  assert.deepEqual(sweepOf(plan)[3]!.varied, { 'stages.*.rate': '0.001', 'stages.1.train': '[all]', seed: '2', variants: '{}', seeds: '1' });
  assert.deepEqual(sweepOf(resolved('').plan), []);
});

test('each run has a resolved plan of its own that says what varied, and running that makes one run', () => {
  const text = 'variants: { rate: [1e-3, 3e-3], batch: { small: 8 } }\nseeds: 2\n', member = sweepOf(resolved(text).plan)[3]!;
  const { plan, origins } = resolved(text, { varied: member.varied });
  assert.deepEqual([plan.stages[0]!.rate, plan.batch, plan.seed, plan.seeds, plan.variants], [3e-3, 8, 2, 1, {}]);
  assert.deepEqual([origins['stages.0.rate'], origins['batch'], origins['seed'], origins['stop.patience']], ['variant', 'variant', 'variant', 'default']);
  const again = resolveExperiment(formatResolved(plan, origins), { ...options, folderOf: (written) => written });
  assert.ok(again.ok);
  assert.deepEqual(again.value.plan, plan);
  assert.deepEqual(sweepOf(again.value.plan), []);
  const overridden = resolved(text, { varied: member.varied, overrides: { batch: 4 } });
  assert.deepEqual([overridden.plan.batch, overridden.origins['batch']], [4, 'command line']);
});

test('a plan with variants can be written and read again', () => {
  const { plan, origins } = resolved('variants: { rate: { low: 1e-3 }, controls: [[blind], [blind, knn]] }\nbudget: 90 s\ndata: { folder: photos }\n'.replace('data: { folder: photos }\n', ''));
  const again = resolveExperiment(formatResolved(plan, origins), { ...options, folderOf: (written) => written });
  assert.ok(again.ok, again.ok ? '' : again.errors.map(diagnosticText).join());
  assert.deepEqual(again.value.plan, plan);
  assert.deepEqual([plan.budget, Object.keys(plan.variants['controls']!)], [1.5, ['controls [blind]', 'controls [blind, knn]']]);
});

test('what is wrong with variants is said at its word', () => {
  assert.match(errors('variants: { rat: [1] }\n')[0]!, /:3:13 error unknown-key: no value "rat" in an experiment \(did you mean "rate"\?\)/);
  assert.match(errors('variants: { train: [0.5] }\n')[0]!, /"train" stands in 2 places \(write data\.split\.train or stages\.\*\.train\)/);
  assert.match(errors('variants: { rate: [fast] }\n')[0]!, /:3:20 error wrong-type/);
  assert.match(errors('variants: { rate: 1e-3 }\n')[0]!, /write a list: \[0\.001\]/);
  assert.match(errors('variants: { rate: fast }\n')[0]!, /write a list of values, each a number, 1e-8 to 1/);
  assert.match(errors('variants: { rate: [] }\n')[0]!, /has no value/);
  assert.match(errors('variants: { data.folder: [a, b] }\n')[0]!, /data\.folder cannot vary within one file/);
  assert.match(errors('variants: { train: [[head], [blocks.99]] }\n')[0]!, /2 places/);
  assert.match(errors('variants: { stages.0.train: [[head], [head, blocks.99]] }\n')[0]!, /the run "train \[head, blocks.99\]": no block or layer "blocks\.99"/);
  assert.match(errors('variants: { batch: [1, 2, 3, 4, 5] }\nseeds: 5\n')[0]!, /variants and seeds make 25 runs \(let them be 24 at most\)/);
});

test('photos are found by a folder or by a manifest, and tasks of several labels or numbers need the second', () => {
  assert.match(errors('thaw: 1\ndata: {}\n')[0]!, /"data\.folder" or "data\.manifest" is missing \(add `folder: …`/);
  assert.match(errors('thaw: 1\ndata: { folder: a, manifest: b.csv }\n')[0]!, /"data\.folder" and "data\.manifest" stand both/);
  assert.match(errors('task: image-multi-label\n')[0]!, /:3:7 error missing-key: image-multi-label needs a manifest/);
  const result = resolveExperiment('thaw: 1\ntask: image-regression\ndata: { manifest: sub/ages.csv, columns: { label: age } }\n', options);
  assert.ok(result.ok);
  const { data } = result.value.plan;
  assert.deepEqual([data.folder, data.manifest, data.columns], ['/photos/sub', '/photos/sub/ages.csv', { image: 'auto', label: 'age', split: 'auto' }]);
  const again = resolveExperiment(formatResolved(result.value.plan, result.value.origins), { ...options, folderOf: (written) => written });
  assert.ok(again.ok);
  assert.deepEqual(again.value.plan, result.value.plan);
});
