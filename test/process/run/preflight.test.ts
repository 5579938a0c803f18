/** Do these photos look to the backbone as they should? On real photos and real weights, fed right and wrong on purpose. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { decodeSafetensors } from '../../../src/backbones/safetensors.ts';
import type { TensorData, Weights } from '../../../src/backbones/tensorData.ts';
import type { Diagnostic } from '../../../src/protocol/diagnostic.ts';
import { asJson, asSafetensors, lite0Config, lite0Repository } from '../../support/hubServer.ts';
import { factsOf, manifestOf, quick, samplePhotos, valueOf, Workspace } from '../../support/product.ts';
import { repoRoot, sharedRoot } from '../../support/root.ts';

const weights = lite0Repository().files['model.safetensors']!;

/** The bundled weights in a folder, under another config, and an experiment with them on a folder of photos. */
function withWeights(t: TestContext, config: Readonly<Record<string, unknown>>, { model = weights, folder = join(repoRoot, 'samples', 'recycling6') } = {}): Workspace {
  const workspace = new Workspace(t);
  workspace.write('weights/config.json', asJson({ ...lite0Config, pretrained_cfg: { ...lite0Config.pretrained_cfg, ...config } }));
  workspace.write('weights/model.safetensors', model);
  workspace.write('check.thaw.yaml', `thaw: 1\ndata: { folder: ${JSON.stringify(folder)} }\nbackbone: ./weights\n${quick}`);
  return workspace;
}

async function saidOf(workspace: Workspace): Promise<readonly Diagnostic[]> {
  const { stdout, stderr } = await workspace.thaw('check', 'check.thaw.yaml', '--data', '--json');
  assert.notEqual(stdout, '', stderr);
  return (JSON.parse(stdout) as { readonly diagnostics: readonly Diagnostic[] }).diagnostics.filter(({ code }) => code !== 'control-off'); // of the quick experiment
}

test('photos that are fed as the weights were trained are not complained of', async (t) => {
  assert.deepEqual(await saidOf(withWeights(t, {})), []);
});

for (const [what, config, factor] of [
  ['the mean and std of another library', { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }, /vary 1\.[5-9] × as much .* a std somewhere near 0\.[34]/s],
  ['0 to 1 instead of −1 to 1', { mean: [0, 0, 0], std: [1, 1, 1] }, /vary 0\.[345] × as much .* a std somewhere near 0\.[345]/s],
  ['0 to 255', { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] }, /vary (9\d|1\d\d) × as much/],
] as const) {
  test(`${what} is told, with the std that would fit`, async (t) => {
    const said = await saidOf(withWeights(t, config));
    assert.deepEqual(said.map(({ code, severity }) => [code, severity]), [['preprocessing-mismatch', 'warning']]);
    assert.match(`${said[0]!.message} ${said[0]!.fix ?? ''}`, factor);
  });
}

test('weights that take blue, green, red are told', async (t) => {
  const workspace = withWeights(t, {}, { folder: 'photos', model: asSafetensors(exchanged(valueOf(decodeSafetensors(weights, 'bundled')))) });
  workspace.photos({ cardboard: 12, glass: 0, metal: 0, paper: 0, plastic: 0, trash: 12 }); // the brown ones: grey photos have no order of colours
  const said = await saidOf(workspace);
  assert.deepEqual(said.map(({ code, severity }) => [code, severity]), [['channel-order', 'information']]);
});

for (const [set, path, code, severity] of [
  ['flowers5', 'images', undefined, undefined], ['hymenoptera', 'images', undefined, undefined],
  ['emoji-shift', 'google', 'far-from-source', 'information'], ['digits8', 'natural', 'far-from-source', 'warning'],
] as const) {
  const folder = sharedRoot && join(sharedRoot, 'datasets', set, path);
  test(`${set} ${code ? 'is called far from the source' : 'is not called far from the source'}`, { skip: folder ? false : `${set} is not on this machine` }, async (t) => {
    const said = await saidOf(withWeights(t, {}, { folder: folder! }));
    assert.deepEqual(said.filter(({ code: each }) => each !== 'nested-folder').map(({ code: each, severity: how }) => [each, how]), code ? [[code, severity]] : []);
  });
}

test('a run says before its first step what is odd about its photos: fed wrongly, few to judge by, in the wrong class', async (t) => {
  const workspace = withWeights(t, { mean: [0, 0, 0], std: [1, 1, 1] }, { folder: 'photos' });
  workspace.photos({ cardboard: 16, glass: 16 });
  mkdirSync(workspace.path('photos', 'glass'), { recursive: true });
  cpSync(samplePhotos(0)[20]!, workspace.path('photos', 'glass', 'stray.jpg'));
  const ran = await workspace.thaw('run', 'check.thaw.yaml', '--json');
  assert.equal(ran.code, 0, ran.stderr);
  const run = workspace.lastRun(), warnings = await factsOf(run, 'warning'), steps = await factsOf(run, 'step');
  const codes = warnings.filter(({ seq }) => seq < steps[0]!.seq).map(({ diagnostic }) => diagnostic.code);
  assert.ok(codes.includes('preprocessing-mismatch'), codes.join());
  assert.equal(codes.filter((code) => code === 'few-held-out').length, 2);
  const hints = warnings.flatMap(({ diagnostic }) => diagnostic.code === 'suspicious-label' ? [diagnostic.where!.file] : []);
  assert.ok(hints.includes('glass/stray.jpg'), hints.join());
  assert.ok(warnings.every(({ diagnostic: { code, where } }) => code !== 'few-held-out' || where!.file === manifestOf(run).dataFolder));

  const store = workspace.path('.thaw', 'cache', 'facts'), kept = readdirSync(store).filter((name) => name.startsWith('preflight-'));
  assert.equal(kept.length, 1);
  assert.equal((await workspace.thaw('run', 'check.thaw.yaml', '--json')).code, 0);
  const again = await factsOf(workspace.lastRun(), 'warning'), said = (facts: typeof again): readonly unknown[] => facts.map(({ diagnostic }) => diagnostic).filter(({ code }) => codes.includes(code));
  assert.notEqual(workspace.lastRun().id, run.id);
  assert.deepEqual(said(again), said(warnings), 'a second run on the same photos says the same, without looking again');
  assert.deepEqual(readdirSync(store).filter((name) => name.startsWith('preflight-')), kept);
});

/** A first convolution for blue, green, red. */
function exchanged(all: Weights): Weights {
  const { shape, data } = all.get('conv_stem.weight')!, [out = 0, inputs = 0, height = 0, width = 0] = shape, size = height * width;
  const turned: TensorData = { shape, data: new Float32Array(data.length) };
  for (let o = 0; o < out; o++) for (let i = 0; i < inputs; i++) turned.data.set(data.subarray((o * inputs + i) * size, (o * inputs + i + 1) * size), (o * inputs + (inputs - 1 - i)) * size);
  return new Map([...all, ['conv_stem.weight', turned]]);
}
