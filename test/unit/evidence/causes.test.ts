import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causesOf, type CauseFacts } from '../../../src/evidence/causes.ts';
import { judge } from '../../../src/evidence/verdict.ts';
import type { Advice, Comparison, ControlKind } from '../../../src/protocol/verdict.ts';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import { networkOf } from '../../../src/backbones/networkOf.ts';
import { applyEdits } from '../../../src/experiment/edit.ts';
import { resolveExperiment, type Resolved } from '../../../src/experiment/resolve.ts';
import { earlierRemedy } from '../../../src/trainer/child/controls/earlierRemedy.ts';
import { setValues } from '../../../src/experiment/setValue.ts';

/** A run right on the first `run` % of 400 items, a control on the first `other` %, as they are compared. */
function against(control: ControlKind, run: number, other: number): Comparison {
  const first = (percent: number): number[] => Array.from({ length: 400 }, (_, i) => Number(i < 4 * percent));
  return judge([{ right: first(run), controls: [{ control, right: first(other) }] }], { labels: first(100), classes: ['a'], missing: [] }).comparisons[0]!;
}

const facts = (changes: Partial<CauseFacts> = {}): CauseFacts => ({
  claim: 'hurts', comparisons: [against('blind', 70, 30), against('scratch', 70, 80)], sources: [], isProbe: false, isRankable: true, bestStep: 100, warnings: [],
  stages: [{ train: ['head'], rate: 1e-3, layerDecay: 1 }, { train: ['head', 'blocks.6'], rate: 3e-4, layerDecay: 1 }], ...changes,
});
const said = (changes: Partial<CauseFacts>): readonly string[] => causesOf(facts(changes)).map(({ cause, strength }) => `${cause} ${strength}`);
const adviceOn = (cause: Advice['cause'], changes: Partial<CauseFacts>): Advice => causesOf(facts(changes)).find((each) => each.cause === cause) ?? assert.fail(`no ${cause}`);

const cases: readonly (readonly [what: string, changes: Partial<CauseFacts>, causes: readonly string[]])[] = [
  ['nothing but that it hurts: the linear probe would tell', {}, ['distortion possible']],
  ['it helps: nothing to mend', { claim: 'helps' }, []],
  ['no better than blind: failed, and nothing else is concluded', { comparisons: [against('blind', 31, 30), against('linear-probe', 31, 80)] }, ['failed-run likely']],
  ['failed, on features that are no better than random ones: those are no fault of the run', { comparisons: [against('blind', 31, 30)], sources: [{ control: 'knn', gapPt: -3, highPt: 1 }] }, ['failed-run likely', 'source-mismatch possible']],
  ['ahead of blind, on too few items to be sure', { comparisons: [{ ...against('blind', 70, 30), items: 20, p: 0.3 }, against('linear-probe', 70, 70)] }, []],
  ['photos that arrive changed', { warnings: [{ code: 'preprocessing-mismatch', message: 'channels are swapped' }] }, ['preprocessing likely', 'distortion possible']],
  ['worse than a new head on frozen features', { comparisons: [against('blind', 70, 30), against('linear-probe', 70, 80)] }, ['distortion likely']],
  ['as good as a new head', { comparisons: [against('blind', 70, 30), against('linear-probe', 70, 70.5)] }, []],
  ['a freer run is clearly better', { comparisons: [], claim: 'not-shown', freer: { title: 'all', trains: ['all'], gapPt: -9, p: 0.002, seeds: 1, items: 400 } }, ['over-freezing likely', 'distortion possible']],
  ['a freer run is perhaps better', { comparisons: [against('linear-probe', 70, 70)], freer: { title: 'all', trains: ['all'], gapPt: -4, p: 0.03, seeds: 1, items: 400 } }, ['over-freezing possible']],
  ['a freer run is no better', { comparisons: [against('linear-probe', 70, 70)], freer: { title: 'all', trains: ['all'], gapPt: -4, p: 0.2, seeds: 1, items: 400 } }, []],
  ['features no better than random ones, twice', { comparisons: [against('linear-probe', 70, 60)], sources: [{ control: 'knn', gapPt: -3, highPt: 1 }, { control: 'linear-probe', gapPt: -1, highPt: 3 }] }, ['source-mismatch likely']],
  ['features no better than random ones, by neighbours alone', { comparisons: [against('linear-probe', 70, 60)], sources: [{ control: 'knn', gapPt: -3, highPt: 1 }] }, ['source-mismatch possible']],
  ['features better than random ones by one of two', { comparisons: [against('linear-probe', 70, 60)], sources: [{ control: 'knn', gapPt: -3, highPt: 1 }, { control: 'linear-probe', gapPt: 8, highPt: 12 }] }, []],
  ['learnt by heart', { comparisons: [against('linear-probe', 70, 60)], loss: { training: 0.02, validation: 1.4, bestValidation: 0.8 } }, ['overfitting possible']],
  ['a probe that hurts', { isProbe: true, thawMore: ['blocks.6', 'head'] }, ['over-freezing possible']],
  ['a ceiling of frozen features', { claim: 'helps', thawMore: ['blocks.6', 'head'], warnings: [{ code: 'frozen-ceiling', message: 'the training loss has stayed' }] }, ['over-freezing possible']],
];
for (const [what, changes, causes] of cases) test(`${what}: ${causes.join(', ') || 'no advice'}`, () => assert.deepEqual(said(changes), causes));

test('too few items: the words say how many would do, and one click tests on more of them', () => {
  const small = judge([{ right: [1, 1, 0, 0, 1, 0, 1, 1], controls: [{ control: 'scratch', right: [1, 0, 1, 0, 1, 0, 1, 1] }] }], { labels: new Array(8).fill(0) as number[], classes: ['a'], missing: [] });
  const { words, remedies } = adviceOn('too-little-data', { claim: small.claim, comparisons: small.comparisons, testShare: 0.15 });
  assert.match(words, /too few test items to tell: 8 would only have shown .* About \d+ would show 10 points\./);
  assert.deepEqual(remedies[0], { type: 'edit', title: 'Test on 40 % of the photos', edits: [{ path: 'data.split.train', value: '45%' }, { path: 'data.split.validation', value: '15%' }, { path: 'data.split.test', value: '40%' }] });
  assert.deepEqual(adviceOn('too-little-data', { claim: small.claim, comparisons: small.comparisons }).remedies, [], 'a folder that brings its splits is not divided by us');
});

test('a run that failed at step 0 is told to lower its rate, one whose loss stood still to raise it', () => {
  const failed = [against('blind', 30, 30)], rates = (changes: Partial<CauseFacts>): unknown => adviceOn('failed-run', { comparisons: failed, ...changes }).remedies.flatMap((remedy) => remedy.type === 'edit' ? remedy.edits.map(({ value }) => value) : []);
  assert.deepEqual(rates({ bestStep: 0 }), ['1e-4', '3e-5']);
  assert.deepEqual(rates({ bestStep: 40, warnings: [{ code: 'not-learning', message: '' }] }), ['1e-2', '3e-3']);
  const dead = [{ code: 'not-learning', message: '' }, { code: 'dead-units', message: '40 of 60 units of "a" are dead' }];
  assert.deepEqual(rates({ bestStep: 40, warnings: dead }), ['1e-4', '3e-5'], 'a loss that stands still because units died asks for a lower rate');
  assert.deepEqual(rates({ stages: [{ train: ['head'], rate: 1e-2, layerDecay: 1 }, { train: ['all'], rate: 1e-5, layerDecay: 1 }] }), ['1e-3', '1e-6'], 'each stage keeps its own');
  assert.match(adviceOn('failed-run', { comparisons: failed, bestStep: 40, warnings: dead }).words, /too high: 40 of 60 units/);
});

test('features that a run of one stage has spoilt get a head first; a source that does not fit is one click from the others', () => {
  const spoilt = { comparisons: [against('blind', 70, 30), against('linear-probe', 70, 80)] }, [stage] = facts({}).stages;
  const types = (cause: 'distortion' | 'source-mismatch', changes: Partial<CauseFacts>): readonly string[] => adviceOn(cause, changes).remedies.map(({ type }) => type);
  assert.equal(types('distortion', { ...spoilt, stages: [stage!] })[0], 'probe-first');
  assert.ok(!types('distortion', { ...spoilt, stages: [stage!, stage!] }).includes('probe-first'), 'it has one');
  const foreign = { comparisons: [against('linear-probe', 70, 60)], sources: [{ control: 'knn', gapPt: -3, highPt: 1 } as const] };
  assert.deepEqual(types('source-mismatch', foreign), ['control', 'rank']);
  assert.deepEqual(types('source-mismatch', { ...foreign, isRankable: false }), ['control'], 'backbones are ranked on a folder');
});

test('a source that does not fit is one click from the features of an earlier block; stages that name what lies above train as many blocks below', () => {
  const file = 'thaw: 1\ndata: { folder: x }\nstages:\n  - { train: [head], rate: 1e-2 } # first\n  - { train: [blocks.5, blocks.6, conv_head, head], rate: 1e-4, layerDecay: 0.7, regularize: { l2sp: 0.1 } }\n';
  const resolved = (text: string): Resolved => {
    const checked = resolveExperiment(text, { file: 'f', folderOf: (written) => written, backbones: bundledBackbones });
    assert.ok(checked.ok, checked.ok ? '' : checked.errors[0]!.message);
    return checked.value;
  };
  const next = (text: string): string => {
    const { plan, backbone } = resolved(text), { stages } = plan, earlier = earlierRemedy(networkOf(backbone!), plan);
    const { words, remedies } = adviceOn('source-mismatch', { comparisons: [against('linear-probe', 70, 60)], sources: [{ control: 'knn', gapPt: -3, highPt: 1 }], stages, ...(earlier && { earlier }) });
    const [remedy] = remedies.filter((each) => each.type === 'edit');
    if (!remedy) return '';
    assert.match(words, /Features of an earlier block/);
    const edited = setValues(text, remedy.edits);
    assert.ok(edited.ok);
    return applyEdits(text, edited.value);
  };
  const once = next(file), twice = next(once);
  assert.equal(once, file.replace('stages:', 'features: blocks.4\nstages:').replace('[blocks.5, blocks.6, conv_head, head]', '[blocks.2, blocks.3, blocks.4, head]'));
  assert.match(twice, /features: blocks\.2\n.*\n.*\n  - \{ train: \[blocks\.0, blocks\.1, blocks\.2, head\], rate/);
  let last = twice, times = 2;
  for (let after = next(last); after !== ''; after = next(last)) {
    last = after;
    times++;
  }
  assert.deepEqual([times, /features: (\S+)/.exec(last)![1]], [5, 'stem'], 'until there is nothing earlier');
  assert.equal(resolved(last).backbone!.features, 32);
  const withHead = next(`${file.replace('l2sp', 'lwf')}sourceData: old\n`);
  assert.match(withHead, /regularize: \{ lwf: 0 \} \}\nsourceData: none\n$/, 'what needs the head of the source task is taken out');
  assert.equal(resolved(withHead).plan.features, 'blocks.4');
});

test('every edit that any advice offers can be made in a file, and every word has its numbers', () => {
  const file = 'thaw: 1\ndata: { folder: x }\nstages:\n  - { train: [head], rate: 1e-3 } # first\n  - train: [head, blocks.6]\n    rate: 3e-4\n';
  let edits = 0;
  for (const [, changes] of cases) {
    for (const { words, remedies, cause } of causesOf(facts(changes))) {
      if (cause !== 'preprocessing' && cause !== 'distortion' && !changes.isProbe && !changes.warnings) assert.match(words, /\d/);
      for (const remedy of remedies) {
        if (remedy.type !== 'edit') continue;
        const edited = setValues(file, remedy.edits);
        assert.ok(edited.ok, edited.ok ? '' : edited.errors[0]?.message);
        edits++;
      }
    }
  }
  assert.ok(edits >= 6, `${edits} edits`);
});
