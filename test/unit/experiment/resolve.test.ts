import assert from 'node:assert/strict';
import { dirname, resolve } from 'node:path';
import { test } from 'node:test';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import { cardOf } from '../../../src/backbones/cards.ts';
import { patternNames } from '../../../src/backbones/freezePlan.ts';
import { rng } from '../../../src/base/rng.ts';
import { diagnosticText } from '../../../src/protocol/diagnostic.ts';
import { controlStages, scratchBudgetMs } from '../../../src/experiment/controlPlan.ts';
import { formatResolved, yamlText } from '../../../src/experiment/format.ts';
import { parseExperiment } from '../../../src/experiment/parse.ts';
import { resolveExperiment } from '../../../src/experiment/resolve.ts';
import type { ResolveOptions, Resolved } from '../../../src/experiment/resolve.ts';
import { experimentField, leafPaths } from '../../../src/experiment/schema.ts';
import { randomExperiment } from '../../support/randomExperiment.ts';

const options: ResolveOptions = { file: 'f.thaw.yaml', folderOf: (folder) => folder, backbones: bundledBackbones };
const resolved = (text: string, more: Partial<ResolveOptions> = {}): Resolved => {
  const result = resolveExperiment(text, { ...options, ...more });
  assert.ok(result.ok, result.ok ? '' : result.errors.map(diagnosticText).join('\n'));
  return result.value;
};
const problems = (text: string, more: Partial<ResolveOptions> = {}): readonly string[] => {
  const result = resolveExperiment(text, { ...options, ...more });
  return result.ok ? [] : result.errors.map(diagnosticText);
};
const minimal = 'thaw: 1\ndata: { folder: flowers }\n';

test('the shortest file becomes a complete plan, every value from its default', () => {
  const { plan, origins } = resolved(minimal, { folderOf: (folder) => `/photos/${folder}` });
  assert.deepEqual(plan, {
    thaw: 1,
    task: 'image-classification',
    data: { folder: '/photos/flowers', columns: { image: 'auto', label: 'auto', split: 'auto' }, maxPerClass: 0, subset: 1, split: { train: 0.7, validation: 0.15, test: 0.15, seed: 7, keepTogether: 'near-duplicates' } },
    backbone: 'efficientnet_lite0',
    inputSize: 'auto',
    features: 'last',
    weights: 'pretrained',
    stages: [{
      name: 'stage 1', train: ['head'], headStart: 'kept', epochs: 30, steps: 'auto', leaveAfter: 0, optimizer: 'adamw', momentum: 0.9, rate: 0.001, layerDecay: 1, schedule: 'cosine', power: 1, warmup: 0.1,
      weightDecay: 0.01, clip: 'off', accumulate: 1, batchNorm: 'stored', dropout: 0, dropPath: 0, loss: 'auto', gamma: 2, delta: 1, labelSmoothing: 0, classBalance: 'none',
      mixup: 0, cutmix: 0, augment: 'flip', views: 4, regularize: { l2sp: 0, delta: 0, bss: 0, lwf: 0 }, ema: 'off', wiseFt: 'off',
    }],
    batch: 32,
    stop: { patience: 5, metric: 'validation.loss', minImprovement: 0 },
    controls: ['blind', 'knn', 'linear-probe', 'random-features', 'scratch'],
    scratchBudget: 'auto',
    seed: 1,
    seeds: 1,
    variants: {},
    budget: 'off',
    sourceData: 'none',
  });
  assert.equal(origins['data.folder'], 'file');
  assert.equal(origins['stages.0.rate'], 'default');
  assert.equal(Object.keys(origins).length, leafPaths(experimentField, '').length - 1); // one stage: every leaf has an origin, but for data.manifest, which a folder stands for
});

test('a file without photos is refused like any other, also where folders are looked up', () => {
  for (const text of ['', 'thaw: 1\n', 'thaw: 1\ndata: {}\n']) assert.match(problems(text, { folderOf: (written) => resolve('/experiments', written) }).join(), /missing|empty/);
});

test('a value from the command line wins over the file, and the plan says so', () => {
  const { plan, origins } = resolved(`${minimal}seed: 3\nstages: [{ epochs: 5 }, { train: [all], rate: 0.1 }]\n`,
    { overrides: { seed: 4, 'stages.*.epochs': 2, 'stages.1.train': '[head, blocks.6]', controls: '[knn]', 'data.split.seed': '9' } });
  assert.deepEqual([plan.seed, plan.stages.map(({ epochs }) => epochs), plan.stages[1]!.train, plan.controls, plan.data.split.seed], [4, [2, 2], ['head', 'blocks.6'], ['knn'], 9]);
  assert.deepEqual([origins['seed'], origins['stages.1.epochs'], origins['stages.1.rate'], origins['stages.0.rate']], ['command line', 'command line', 'file', 'default']);
});

test('a wrong value on the command line is told like one in the file, without a place', () => {
  assert.deepEqual(problems(minimal, { overrides: { sede: '4', 'stages.1.epochs': 2, batch: 'many', data: '1' } }), [
    'error unknown-key: no value "sede" in an experiment (did you mean "seed"?)',
    'error out-of-range: "stages.1.epochs": there are 1 stages, counted from 0',
    'error wrong-type: batch is the text "many" (write a whole number, 1 to 4096)',
    'error unknown-key: no value "data" in an experiment',
  ]);
});

test('a preset that never reached a disk is named as the origin', () => {
  assert.equal(resolved(minimal, { origin: 'preset' }).origins['data.folder'], 'preset');
});

const senseless: readonly (readonly [what: string, lines: string, problem: string])[] = [
  ['shares that do not sum to 1', 'batch: 3', 'f.thaw.yaml:2:27 error out-of-range: train, validation and test are 80% + 15% + 15% = 110% (let them sum to 100%; a share that is not written has its default (70%, 15%, 15%))'],
  ['a pattern that matches nothing', 'stages:\n  - train: [head, block.6]', 'f.thaw.yaml:4:19 error pattern-matches-nothing: no block or layer "block.6" in efficientnet_lite0 (did you mean "blocks.6"?)'],
  ['a pattern that is near to nothing', 'stages:\n  - train: [head, transformer]', 'f.thaw.yaml:4:19 error pattern-matches-nothing: no block or layer "transformer" in efficientnet_lite0 (there are stem, blocks.0 to blocks.6, conv_head, head)'],
  ['an empty list of what trains', 'stages:\n  - train: []', 'f.thaw.yaml:4:12 error nothing-trains: nothing trains in stage 1 (write [head], or tick a layer)'],
  ['no stage at all', 'stages: []', 'f.thaw.yaml:3:9 error nothing-trains: there is no stage (add `- { train: [head] }`)'],
  ['a frozen new head', 'stages:\n  - train: [blocks.6]', 'f.thaw.yaml:4:12 error head-frozen: the head is new and random, but frozen in the first stage (add head)'],
];
for (const [what, lines, problem] of senseless) {
  test(`${what}: told at its place, with what to do`, () => {
    const data = what.startsWith('shares') ? 'thaw: 1\ndata: { folder: x, split: { train: 80% } }\n' : minimal;
    assert.deepEqual(problems(`${data}${lines}\n`), [problem]);
  });
}

test('the head may rest in a later stage', () => {
  assert.equal(resolved(`${minimal}stages: [{}, { train: [blocks.6] }]\n`).plan.stages.length, 2);
});

test('a control that was taken out is remarked on, and `off` takes out the from-scratch control', () => {
  const result = resolveExperiment(`${minimal}controls: [knn, scratch]\nscratchBudget: off\n`, options);
  assert.ok(result.ok);
  assert.deepEqual(result.value.plan.controls, ['knn']);
  assert.deepEqual(result.warnings.map(({ code, severity, message }) => [code, severity, message]), [
    ['control-off', 'information', 'the control "blind" will not run: it is not in "controls"'],
    ['control-off', 'information', 'the control "linear-probe" will not run: it is not in "controls"'],
    ['control-off', 'information', 'the control "random-features" will not run: it is not in "controls"'],
    ['control-off', 'information', 'the control "scratch" will not run: scratchBudget is off'],
  ]);
});

test('what needs layers or a head that an earlier block leaves out is refused, and a variant with it', () => {
  const said = (rest: string): readonly string[] => problems(`${minimal}features: blocks.4\n${rest}`).map((problem) => problem.replace(/^\S+ error /, ''));
  assert.deepEqual(said('stages: [{ train: [blocks.*, head] }]\n'), []);
  assert.deepEqual(said('stages: [{ train: [head, blocks.6.0] }]\n'), ['pattern-matches-nothing: "blocks.6.0" lies above blocks.4, where the backbone ends (take it out, or let `features` be a later block)']);
  assert.deepEqual(said('stages: [{ train: [head, bloks.4] }]\n'), ['pattern-matches-nothing: no block or layer "bloks.4" in efficientnet_lite0 to blocks.4 (did you mean "blocks.4"?)']);
  assert.match(said('sourceData: old\n').join(), /^contradiction: sourceData measures what was forgotten: the source task’s own head needs the features of its last block/);
  assert.match(said('stages: [{ train: [head, blocks.4], regularize: { lwf: 0.1 } }]\n').join(), /^contradiction: regularize\.lwf of stage 1: the source/);
  assert.match(problems(`${minimal}stages: [{ train: [head, blocks.5] }]\nvariants: { features: [blocks.3, last] }\n`).join(), /the run "features blocks\.3": "blocks\.5" lies above blocks\.3/);
  const { plan, backbone } = resolved(`${minimal}features: blocks.4\n`, { overrides: { features: 'blocks.2' } });
  assert.deepEqual([plan.features, backbone?.features], ['blocks.2', 40]);
});

test('the resolved plan as text says where each value came from', () => {
  const { plan, origins } = resolved(`${minimal}scratchBudget: 90 s\n`, { overrides: { seed: 5 } });
  const lines = formatResolved(plan, origins).split('\n');
  for (const line of ['  folder: flowers  # file', 'seed: 5  # command line', '    train: [head]  # default', 'scratchBudget: 1.5 min  # file', '  - name: stage 1  # default']) {
    assert.ok(lines.includes(line), `${line} in\n${lines.join('\n')}`);
  }
});

test('2,000 random plans, written out resolved, resolve to the very same plan', () => {
  const random = rng(3, 'plans'), names = patternNames(cardOf('efficientnet_lite0')!.network(2)), written = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    const text = randomExperiment(random, names), first = resolved(text);
    const hostile = Array.from({ length: random.int(12) + 1 }, () => String.fromCodePoint(33 + random.int(random.next() < 0.5 ? 94 : 0xd000))).join('');
    const data = first.plan.data.manifest === undefined ? { folder: hostile } : { manifest: hostile, folder: dirname(hostile) };
    const plan = { ...first.plan, data: { ...first.plan.data, ...data } }; // hostile names survive the quoting
    const second = resolved(formatResolved(plan, first.origins));
    assert.deepEqual(second.plan, plan, text);
    for (const [path, origin] of Object.entries(first.origins)) if (origin === 'file') written.add(path.replace(/\.\d+\./, '.*.'));
  }
  const unwritten = leafPaths(experimentField, '').filter((path) => !written.has(path)); // each would contradict the rest of most files
  assert.deepEqual(unwritten, ['task', 'backbone', 'weights', 'stages.*.headStart', 'stages.*.cutmix', 'stages.*.regularize.delta']);
});

test('any text, quoted for YAML, reads back as itself', () => {
  const random = rng(4, 'texts');
  const special = ['no', 'null', 'true', '1e3', '0x1f', '~', '- a', 'a: b', 'a #b', '#', '"', "'", '\n', '\r\n', '\t', ' a ', '\u0085', '\u2028', '\ufeff', '‮evil', '*x', '&x', '!t', '%', '@', '`', '[', '{', '.', '..', './x', '.5', '<<', '=', '\u0000', '\u007f', 'C:\\photos'];
  const texts = [...special, ...Array.from({ length: 2000 }, () => special[random.int(special.length)]! + special[random.int(special.length)]!)];
  for (const text of texts.flatMap((text) => [`x${text}`, ...text.trim() === '' ? [] : [text]])) { // a blank folder is refused
    const parsed = parseExperiment(`thaw: 1\ndata: { folder: ${yamlText(text)} }\n`, '');
    assert.ok(parsed.ok, JSON.stringify(text));
    assert.deepEqual(parsed.value.written.values['data'], { folder: text });
  }
});

const twoStages = `${minimal}batch: 10\nstages: [{ epochs: 4 }, { train: [head, blocks.6], layerDecay: 0.5, epochs: 3, augment: light, loss: focal, mixup: 0.2, ema: 0.9, wiseFt: auto, optimizer: sgd, regularize: { l2sp: 1, delta: 1, bss: 1, lwf: 1 } }]\n`;

test('the from-scratch control trains every layer for as many updates, moves batch norm, takes the middle of its own rates, keeps loss and augmentation, and nothing holds it', () => {
  const [stage, ...more] = controlStages(resolved(twoStages).plan, 'scratch', 95);
  assert.deepEqual([stage?.train, stage?.layerDecay, stage?.batchNorm, stage?.steps, stage?.rate, stage?.optimizer, more], [['all'], 1, 'batch', 70, 1e-3, 'adamw', []]);
  assert.deepEqual([stage?.loss, stage?.mixup, stage?.augment, stage?.ema, stage?.regularize, stage?.wiseFt], ['focal', 0.2, 'light', 0.9, { l2sp: 0, delta: 0, bss: 0, lwf: 0 }, 'off']);
});

test('a linear probe trains the head alone; random features get the stages of the run, as far as the run went, but for LwF', () => {
  const { plan } = resolved(twoStages);
  assert.deepEqual(controlStages(plan, 'linear-probe', 95, 50).map(({ train, steps, batchNorm }) => [train, steps, batchNorm]), [[['head'], 50, 'stored']]);
  assert.deepEqual(controlStages(plan, 'random-features', 95)[1]?.regularize, { l2sp: 1, delta: 1, bss: 1, lwf: 0 });
  const epochs = (steps: number): number[] => controlStages(plan, 'random-features', 95, steps).map((stage) => stage.epochs);
  assert.deepEqual([epochs(70), epochs(50), epochs(20), epochs(0)], [[4, 3], [4, 1], [2], [1]]);
  const counted = resolved(`${minimal}batch: 10\nstages: [{ steps: 30 }, { train: [all], steps: 40 }]\n`).plan;
  assert.deepEqual(controlStages(counted, 'random-features', 95, 45).map(({ steps }) => steps), [30, 15]);
});

test('the budget of the from-scratch control is a time, a multiple of the run, or what the run took but a minute at least', () => {
  const budget = (written: string): number => scratchBudgetMs(resolved(`${minimal}scratchBudget: ${written}\n`).plan, 40_000);
  assert.deepEqual([budget('auto'), budget('90 s'), budget('2× run'), budget('0.5x run'), budget('3 x run')], [60_000, 90_000, 80_000, 20_000, 120_000]);
  const { plan, origins } = resolved(`${minimal}scratchBudget: 2x run\n`);
  assert.match(formatResolved(plan, origins), /^scratchBudget: "2× run" {2}# file$/m);
  assert.equal(resolveExperiment(`${minimal}scratchBudget: 0x run\n`, options).ok, false);
});

test('a stage that counts steps resolves again from its own resolved plan; with epochs written too it is refused', () => {
  const { plan, origins } = resolved(`${minimal}stages: [{ steps: 500, augment: [crop, flip], ema: 0.99, regularize: { l2sp: 0 } }]\n`);
  assert.deepEqual([plan.stages[0]!.steps, plan.stages[0]!.augment, plan.stages[0]!.ema], [500, ['crop', 'flip'], 0.99]);
  assert.deepEqual(resolved(formatResolved(plan, origins)).plan, plan);
  assert.deepEqual(problems(`${minimal}stages: [{ steps: 500, epochs: 3 }]\n`), ['f.thaw.yaml:3:19 error contradiction: stage 1 counts both steps and epochs (take one of them out)']);
});

test('keys that have nothing to act on are refused with what to do', () => {
  const said = (stage: string): readonly string[] => problems(`${minimal}stages: [{ train: [head] }, { ${stage} }]\n`).map((each) => each.replace(/^\S+ /, ''));
  assert.deepEqual(said('train: [head], cutmix: 1'), ['error contradiction: cutmix cuts rectangles, and what trains in stage 2 begins behind "global_pool", where there are none (use mixup, or train a block before it)']);
  assert.deepEqual(said('train: [head, conv_head], cutmix: 1'), []);
  assert.deepEqual(said('train: [head], regularize: { lwf: 1 }'), ['error contradiction: regularize holds pretrained layers where they were, and in stage 2 none of them trains (take it out, or train a block)']);
  assert.deepEqual(said('augment: []'), ['error wrong-type: augment of stage 2 is an empty list (write `none`)']);
  assert.deepEqual(said('augment: lihgt'), ['error wrong-type: augment of stage 2 is the text "lihgt" (did you mean "light"?)']);
  assert.deepEqual(said('wiseFt: auto, train: [all]'), []);
  assert.match(problems(`${minimal}stages: [{ wiseFt: 0.5 }]\n`).join(), /contradiction: wiseFt goes back/);
  assert.deepEqual(said('train: [head], headStart: prototypes'), []);
  assert.match(said('train: [all], headStart: prototypes').join(), /^error contradiction: class means stand for the head where it alone trains, and in stage 2 more does/);
});

test('random weights train from the first stage on, by batch statistics, are held to nothing, and need no control that is random too', () => {
  const said = (stages: string): readonly string[] => problems(`${minimal}weights: random\nstages: [${stages}]\n`).map((each) => each.replace(/^\S+ error contradiction: /, ''));
  assert.deepEqual(said('{ train: [head] }'), ['weights are random: no statistics came with them that stage 1 could use (write `batchNorm: batch`)', 'weights are random, and some of them are frozen in stage 1 (write [all])']);
  assert.deepEqual(said('{ train: [all], batchNorm: batch, regularize: { l2sp: 1 } }'), ['regularize holds stage 1 near pretrained weights, and there are none (take it out)']);
  assert.deepEqual(said('{ train: [all], batchNorm: batch }, { train: [head] }'), [], 'what has learnt may freeze');
  const { plan } = resolved(`${minimal}weights: random\nstages: [{ train: [all], batchNorm: batch }]\n`);
  assert.ok(!plan.controls.includes('scratch') && !plan.controls.includes('random-features') && plan.controls.includes('blind'));
});
