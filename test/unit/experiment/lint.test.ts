import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import { applyEdits } from '../../../src/experiment/edit.ts';
import { lintRules } from '../../../src/experiment/lint.ts';
import type { LintCode } from '../../../src/experiment/lint.ts';
import { commentsOf, editsOf } from '../../../src/experiment/mend.ts';
import { mendAll } from '../../../src/experiment/mendAll.ts';
import { readExperiment } from '../../../src/experiment/parse.ts';
import { experimentText, presets } from '../../../src/experiment/presets.ts';
import { resolveExperiment, resolveRead } from '../../../src/experiment/resolve.ts';
import type { ResolveOptions } from '../../../src/experiment/resolve.ts';
import { diagnosticsOf } from '../../../src/protocol/diagnostic.ts';
import type { Diagnostic } from '../../../src/protocol/diagnostic.ts';
import { randomExperiment } from '../../support/randomExperiment.ts';
import { rng } from '../../../src/base/rng.ts';
import { patternNames } from '../../../src/backbones/freezePlan.ts';
import { cardOf } from '../../../src/backbones/cards.ts';

const optionsFor = (images?: number): ResolveOptions => ({ file: 'f', folderOf: (written) => written, backbones: bundledBackbones, ...(images !== undefined && { imagesIn: () => images }) });
const problemsOf = (text: string, images?: number): readonly Diagnostic[] => diagnosticsOf(resolveRead(readExperiment(text, 'f'), optionsFor(images)));
const head = 'thaw: 1\ndata: { folder: x }\n';

interface Example {
  readonly code: LintCode;
  readonly trips: string;
  readonly clean: string;
  /** After the quick fix. */
  readonly fixed?: string;
  readonly images?: number;
}

const examples: readonly Example[] = [
  { code: 'no-effect', trips: 'stages: [{ train: [head], batchNorm: batch }]', clean: 'batch: 32\nstages: [{}, { train: [head, blocks.6], batchNorm: batch, rate: 1e-4 }]', fixed: 'stages: [{ train: [head], batchNorm: stored }]' },
  { code: 'no-effect', trips: 'stages:\n  - train: [head]\n    layerDecay: 0.5 # why\n    epochs: 3', clean: 'stages: [{ layerDecay: 1 }]', fixed: 'stages:\n  - train: [head]\n    # why\n    epochs: 3' },
  { code: 'no-effect', trips: 'controls: [blind]\nscratchBudget: 5 min', clean: 'controls: [blind]\nscratchBudget: auto', fixed: 'controls: [blind, scratch]\nscratchBudget: 5 min' },
  { code: 'small-batch-statistics', trips: 'stages: [{}, { train: [head, blocks.6], rate: 1e-4, batchNorm: batch }]\nbatch: 4', clean: 'stages: [{}, { train: [head, blocks.6], rate: 1e-4, batchNorm: batch }]\nbatch: 16', fixed: 'stages: [{}, { train: [head, blocks.6], rate: 1e-4, batchNorm: stored }]\nbatch: 4' },
  { code: 'head-frozen', trips: 'stages: [{}, { train: [blocks.6], rate: 1e-4 }]', clean: 'stages: [{}, { train: [blocks.6, head], rate: 1e-4 }]', fixed: 'stages: [{}, { train: [blocks.6, head], rate: 1e-4 }]' },
  { code: 'backbone-rate', trips: 'stages: [{ rate: 3e-3 }, { train: [head, blocks.6], rate: 3e-3 }]', clean: 'stages: [{ rate: 3e-3 }, { train: [head, blocks.6], rate: 3e-4 }]', fixed: 'stages: [{ rate: 3e-3 }, { train: [head, blocks.6], rate: 0.0003 }]' },
  { code: 'backbone-rate', trips: 'stages: [{ train: [all] }]', clean: 'stages: [{ train: [all], layerDecay: 0.8 }]', fixed: 'stages: [{ train: [all], layerDecay: 0.75 }]' },
  { code: 'long-warmup', trips: 'stages: [{ warmup: 60% }]', clean: 'stages: [{ warmup: 50% }]', fixed: 'stages: [{ warmup: 10% }]' },
  { code: 'stage-repeats', trips: 'stages:\n  - name: a\n    epochs: 3\n  # again\n  - name: b # more\n    train: ["head"]\n    epochs: 4', clean: 'stages: [{ name: a }, { name: b, rate: 1e-4 }]', fixed: 'stages:\n  - name: a\n    epochs: 7\n  # again\n  # more' },
  { code: 'pattern-shadowed', trips: 'stages: [{ rate: 3e-3 }, { rate: 1e-4, train: [head, blocks.6.0, blocks.*] }]', clean: 'stages: [{ rate: 3e-3 }, { rate: 1e-4, train: [head, blocks.6.0, blocks.5] }]', fixed: 'stages: [{ rate: 3e-3 }, { rate: 1e-4, train: [head, blocks.*] }]' },
  { code: 'small-split', trips: 'data: { folder: x, split: { train: 84%, validation: 1%, test: 15% } }', clean: 'data: { folder: x, split: { train: 80%, validation: 5%, test: 15% } }', fixed: 'data: { folder: x, split: { train: 70%, validation: 15%, test: 15% } }' },
  { code: 'small-split', trips: 'data: { folder: x, split: { train: 85%, validation: 10%, test: 5% } }', images: 360, clean: 'data: { folder: x }', fixed: 'data: { folder: x, split: { train: 75%, validation: 10%, test: 15% } }' },
  { code: 'patience-unused', trips: 'stages: [{ epochs: 9 }]\nstop: { patience: 9 }', clean: 'stages: [{ epochs: 9 }]\nstop: { patience: 8 }', fixed: 'stages: [{ epochs: 9 }]\nstop: { patience: 3 }' },
  { code: 'batch-too-large', trips: 'batch: 300', images: 400, clean: 'batch: 280', fixed: 'batch: 64' },
  { code: 'fixed-variant', trips: 'stages: [{ augment: light, views: 1 }]', clean: 'stages: [{ augment: light }]', fixed: 'stages: [{ augment: light, views: 4 }]' },
  { code: 'no-effect', trips: 'stages: [{ momentum: 0.8, epochs: 3 }]', clean: 'stages: [{ momentum: 0.8, optimizer: sgd }]', fixed: 'stages: [{ epochs: 3 }]' },
  { code: 'no-effect', trips: 'features: conv_head\nbatch: 8', clean: 'features: blocks.4\nbatch: 8', fixed: 'batch: 8' },
  { code: 'input-size', trips: 'inputSize: 448', clean: 'inputSize: 288', fixed: 'inputSize: auto' },
  { code: 'input-size', trips: 'inputSize: 96', clean: 'inputSize: 128', fixed: 'inputSize: auto' },
  { code: 'same-name', trips: 'stages: [{ name: a }, { name: a, rate: 1e-4 }]', clean: 'stages: [{ name: a }, { name: b, rate: 1e-4 }]', fixed: 'stages: [{ name: a }, { name: "a 2", rate: 1e-4 }]' },
];

for (const { code, trips, clean, fixed, images } of examples) {
  const whole = (body: string): string => `${body.startsWith('data:') ? 'thaw: 1\n' : head}${body}\n`;
  test(`${code} is remarked on in ${JSON.stringify(trips)}, and its quick fix makes it vanish`, () => {
    const text = whole(trips), found = problemsOf(text, images).filter((problem) => problem.code === code);
    assert.equal(found.length, 1, JSON.stringify(problemsOf(text, images)));
    assert.equal(found[0]!.severity, lintRules[code].severity);
    assert.ok(found[0]!.where?.range);
    assert.deepEqual(problemsOf(whole(clean), images).filter((problem) => problem.code === code), []);
    assert.ok(found[0]!.mend);
    const mended = applyEdits(text, editsOf(readExperiment(text, 'f').source, found[0]!.mend.changes));
    assert.equal(mended, whole(fixed!));
    assert.deepEqual(problemsOf(mended, images).filter((problem) => problem.code === code || problem.severity === 'error'), []);
  });
}

test('every rule has an example, and none speaks about a preset', () => {
  assert.deepEqual([...new Set(examples.map(({ code }) => code))].sort(), Object.keys(lintRules).sort());
  for (const { name } of presets) assert.deepEqual(problemsOf(experimentText(name, { folder: 'x' }), 1000), []);
});

const mendable: readonly (readonly [code: string, text: string, mended: string])[] = [
  ['unknown-key', `${head}stages: [{ learning_rate: 1e-3 }]\n`, `${head}stages: [{ rate: 1e-3 }]\n`],
  ['unknown-key', `${head}batch_size: 8 # few\n`, `${head}batch: 8 # few\n`],
  ['unknown-key', `${head}epochs: 5 # short\nbatch: 8\n`, `${head}stages: [{ epochs: 5 }] # short\nbatch: 8\n`],
  ['unknown-key', `${head}stages:\n  - train: [head] # one\nlr: 1e-4 # low\n`, `${head}stages:\n  - train: [head] # one\n    rate: 1e-4\n# low\n`],
  ['unknown-key', `${head}stages: [{ train: [head], patience: 3 }]\n`, `${head}stages: [{ train: [head] }]\nstop: { patience: 3 }\n`],
  ['unknown-key', `${head}stop: { patience: 3, batch: 8 }\n`, `${head}batch: 8\nstop: { patience: 3 }\n`],
  ['unknown-key', `${head}stages: [{ epoch: 3 }]\n`, `${head}stages: [{ epochs: 3 }]\n`],
  ['pattern-matches-nothing', `${head}stages: [{ train: [head, block.6] }]\n`, `${head}stages: [{ train: [head, blocks.6] }]\n`],
  ['out-of-range', `${head}batch: 5000 # x\n`, `${head}batch: 4096 # x\n`],
  ['out-of-range', `${head}stages: [{ warmup: 10 }]\n`, `${head}stages: [{ warmup: 10% }]\n`],
  ['wrong-type', `${head}stages: [{ schedule: cosin }]\n`, `${head}stages: [{ schedule: cosine }]\n`],
  ['wrong-type', `${head}controls: knn\n`, `${head}controls: [knn]\n`],
  ['wrong-type', `${head}stages:\n  train: [head] # one\n\n  regularize:\n    bss: 0.001\n# end\n`, `${head}stages:\n  - train: [head] # one\n\n    regularize:\n      bss: 0.001\n# end\n`],
  ['wrong-type', `${head}stages: { train: [head] } # one\n`, `${head}stages: [{ train: [head] }] # one\n`],
  ['wrong-type', `${head}stages: [{ optimizer: AdamW }]\n`, `${head}stages: [{ optimizer: adamw }]\n`],
  ['wrong-type', `${head}stages: [{ augment: [hflip] }]\n`, `${head}stages: [{ augment: [flip] }]\n`],
  ['wrong-type', `${head}stages: [{ clip: none }]\n`, `${head}stages: [{ clip: off }]\n`],
  ['wrong-type', `${head}budget: 1,5 hours\n`, `${head}budget: 1.5 h\n`],
  ['wrong-type', `${head}controls: kNN\n`, `${head}controls: [knn]\n`],
  ['wrong-type', `${head}variants: { rate: 1e-3 }\n`, `${head}variants: { rate: [0.001] }\n`],
  ['yaml-syntax', 'thaw: 1\ndata:\n\tfolder: x\n\tsplit:\n\t\tseed: 3 # own\n', 'thaw: 1\ndata:\n  folder: x\n  split:\n    seed: 3 # own\n'],
  ['pattern-matches-nothing', `${head}stages: [{ train: [head, blocks.9], rate: 1e-5 }]\n`, `${head}stages: [{ train: [head, blocks.6], rate: 1e-5 }]\n`],
  ['pattern-matches-nothing', `${head}stages: [{ train: [fc] }]\n`, `${head}stages: [{ train: [head] }]\n`],
  ['out-of-range', 'thaw: 1\ntask: image-regression\ndata: { manifest: x.csv }\nstages: [{ train: [head], labelSmoothing: 0.1 }]\n', 'thaw: 1\ntask: image-regression\ndata: { manifest: x.csv }\nstages: [{ train: [head] }]\n'],
  ['contradiction', `${head}stages: [{ train: [all], layerDecay: 0.7, headStart: prototypes }]\n`, `${head}stages: [{ train: [all], layerDecay: 0.7, headStart: kept }]\n`],
  ['wrong-type', `${head}scratchBudget: 5\n`, `${head}scratchBudget: 5 min\n`],
  ['wrong-type', `${head}stages: [{ name: 7 }]\n`, `${head}stages: [{ name: "7" }]\n`],
  ['missing-key', '# mine\ndata: { folder: x }\n', '# mine\nthaw: 1\ndata: { folder: x }\n'],
  ['unsupported-version', 'thaw: 2\ndata: { folder: x }\n', 'thaw: 1\ndata: { folder: x }\n'],
  ['duplicate-key', `${head}batch: 3\nseed: 1\nbatch: 4 # other\n`, `${head}batch: 3\nseed: 1\n# other\n`],
  ['duplicate-key', `${head}controls:\n  - knn\n  - blind\n  - knn\n`, `${head}controls:\n  - knn\n  - blind\n`],
  ['duplicate-key', `${head}stages: [{ train: [head, head, blocks.6], rate: 1e-5 }]\n`, `${head}stages: [{ train: [head, blocks.6], rate: 1e-5 }]\n`],
  ['unknown-backbone', `${head}backbone: efficientnet_lite1\n`, `${head}backbone: efficientnet_lite0\n`],
  ['unknown-backbone', `${head}backbone: resnet50.a1_in1k\n`, `${head}backbone: hf:timm/resnet50.a1_in1k\n`],
  ['head-frozen', `${head}stages:\n  - train:\n      - blocks.6 # top\n`, `${head}stages:\n  - train:\n      - blocks.6 # top\n      - head\n`],
  ['nothing-trains', `${head}stages: [{ train: [] }]\n`, `${head}stages: [{ train: [head] }]\n`],
  ['nothing-trains', `${head}stages: []\n`, `${head}stages: [{ train: [head] }]\n`],
  ['out-of-range', 'thaw: 1\ndata:\n  folder: x\n  split: { train: 80%, validation: 10% }\n', 'thaw: 1\ndata:\n  folder: x\n  split: { train: 80%, validation: 10%, test: 10% }\n'],
  ['out-of-range', `${head}backbone: hf:timm/vit_small_patch14_dinov2.lvd142m\ninputSize: 256 # small\n`, `${head}backbone: hf:timm/vit_small_patch14_dinov2.lvd142m\ninputSize: 252 # small\n`],
  ['pattern-matches-nothing', `${head}features: blocks.9 # early\n`, `${head}features: blocks.6 # early\n`],
  ['pattern-matches-nothing', `${head}features: blocks.4\nstages: [{ train: [head, blocks.6], rate: 1e-5 }]\n`, `${head}features: blocks.4\nstages: [{ train: [head], rate: 1e-5 }]\n`],
  ['out-of-range', `${head}features: blocks.4.1.bn1\n`, `${head}features: blocks.4.1\n`],
  ['contradiction', `${head}features: blocks.4\nsourceData: old\n`, `${head}features: blocks.4\n`],
  ['contradiction', `${head}stages: [{ epochs: 3, steps: 40 }]\n`, `${head}stages: [{ steps: 40 }]\n`],
  ['contradiction', `${head}stages: [{ wiseFt: 0.5 }]\n`, `${head}stages: [{ wiseFt: off }]\n`],
  ['contradiction', `${head}stages: [{ cutmix: 1 }]\n`, `${head}stages: [{ cutmix: 0 }]\n`],
  ['control-off', `${head}scratchBudget: off\n`, `${head}scratchBudget: auto\n`],
  ['control-off', `${head}controls: [blind, scratch, linear-probe, random-features]\n`, `${head}controls: [blind, scratch, linear-probe, random-features, knn]\n`],
];
for (const [code, text, mended] of mendable) {
  test(`the quick fix of ${code} in ${JSON.stringify(text.slice(head.length))} is one edit`, () => {
    const found = problemsOf(text).find((problem) => problem.code === code && problem.mend);
    assert.ok(found?.mend, JSON.stringify(problemsOf(text)));
    assert.equal(applyEdits(text, editsOf(readExperiment(text, 'f').source, found.mend.changes)), mended);
  });
}

test('what cannot be mended in one way gets no quick fix: several stages, a key that stands already, what is frozen instead of trained', () => {
  for (const text of ['stages: [{}, { rate: 1e-4 }]\nlr: 1e-4', 'stages: [{ rate: 1e-3 }]\nlr: 1e-4', 'stages: [{ freeze: [blocks.0] }]', 'stages: [{ frozen: true }]', 'controls: all', 'stages: [{ train: [transformer] }]']) {
    const read = readExperiment(`${head}${text}\n`, 'f'), found = diagnosticsOf(resolveRead(read, optionsFor())).filter(({ severity }) => severity === 'error');
    assert.equal(found.length, 1, text);
    assert.deepEqual(found[0]!.mend ? editsOf(read.source, found[0]!.mend.changes) : [], [], text);
    assert.ok(found[0]!.fix, text);
  }
});

test('photos that are not there are a warning, with what was probably meant, and no error: they may be elsewhere', () => {
  const text = 'thaw: 1\ndata: { folder: ../photo } # mine\nsourceData: nowhere\n', options: ResolveOptions = { ...optionsFor(), folderOf: (written) => `/x/${written}`, besideMissing: (path) => path === '/x/../photo' ? ['notes', 'photos'] : [] };
  const read = readExperiment(text, 'f'), checked = resolveRead(read, options), found = diagnosticsOf(checked).filter(({ code }) => code === 'no-folder');
  assert.ok(checked.ok);
  assert.deepEqual(found.map(({ severity, message, fix, where }) => [severity, message, fix, where!.range!.start.line]), [
    ['warning', 'there is no folder "../photo" here', 'did you mean "../photos"?', 1],
    ['warning', 'there is no folder "nowhere" here', 'check the path: it is relative to the experiment file', 2],
  ]);
  assert.equal(applyEdits(text, editsOf(read.source, found[0]!.mend!.changes)), text.replace('../photo', '../photos'));
  assert.deepEqual(diagnosticsOf(resolveRead(read, optionsFor())).filter(({ code }) => code === 'no-folder'), [], 'nobody has looked');
});

test('random weights may learn at one rate: there is nothing to distort', () => {
  assert.deepEqual(problemsOf(`${head}weights: random\nstages: [{ train: [all], batchNorm: batch }]\n`).filter(({ code }) => code === 'backbone-rate'), []);
});

test('what is counted are the photos that the plan uses', () => {
  const read = resolveExperiment('thaw: 1\ndata: { folder: x, subset: 10% }\nbatch: 30\n', { ...optionsFor(), imagesIn: ({ data: { folder, subset } }) => folder === 'x' ? 400 * subset : undefined });
  assert.ok(read.ok);
  assert.deepEqual(read.warnings.filter(({ code }) => code === 'batch-too-large').map(({ message }) => message), ['a batch of 30 is larger than the 28 photos that are trained on']);
});

test('all errors and warnings are mended in one go, remarks are left', () => {
  const text = `${head}stages:\n  - { name: a, train: [haed], epoch: 3, warmup: 80 } # mine\n  - { train: [block.6], rate: 1 }\ncontrols: [knm]\n`;
  const mended = mendAll(text, optionsFor());
  assert.equal(mended, `${head}stages:\n  - { name: a, train: [head], epochs: 3, warmup: 10% } # mine\n  - { train: [blocks.6, head], rate: 0.0001 }\ncontrols: [knn]\n`);
  assert.deepEqual([...new Set(problemsOf(mended).map(({ code }) => code))], ['control-off']);
});

test('300 random files: a quick fix keeps every comment, and takes its problem away', () => {
  const random = rng(12, 'mends'), names = [...patternNames(cardOf('efficientnet_lite0')!.network(2)), 'blocks.*', 'blocks.5.*', 'all'];
  let mends = 0;
  for (let i = 0; i < 300; i++) {
    const text = randomExperiment(random, names), read = readExperiment(text, 'f'), images = 100 + random.int(1000), problems = problemsOf(text, images);
    for (const { mend, code, message } of problems) {
      const edits = mend ? editsOf(read.source, mend.changes) : [];
      if (edits.length === 0) continue;
      mends++;
      const mended = applyEdits(text, edits);
      assert.deepEqual(commentsOf(mended), commentsOf(text), `${message}\n${text}\n${mended}`);
      const sameOf = (found: readonly Diagnostic[]): number => found.filter((problem) => problem.code === code && problem.message === message).length;
      assert.ok(sameOf(problemsOf(mended, images)) < sameOf(problems), `${message}\n${text}\n${mended}`);
    }
  }
  assert.ok(mends > 500, `${mends} mends`);
});
