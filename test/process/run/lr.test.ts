/** thaw lr: learning rates tried on the real network and real photos. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { RateTest } from '../../../src/protocol/answers.ts';
import { parseRateTest, parseRunEvent } from '../../../src/protocol/guards.ts';
import { Workspace } from '../../support/product.ts';

function testIn(json: string): RateTest {
  const read = parseRateTest(JSON.parse(json));
  assert.ok(read.ok, read.ok ? '' : read.note);
  return read.value;
}

const decades = (a: number, b: number): number => Math.abs(Math.log10(a / b));

test('thaw lr suggests rates for a head near those that are known to be good, leaves no run behind, and gives the same again', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 16, paper: 16 });
  workspace.write('rates.thaw.yaml', 'thaw: 1\ndata: { folder: photos }\nstages: [{ name: probe, train: [head] }, { train: [blocks.6, head], rate: 1e-6 }]\nbatch: 8\n');
  const { code, stdout, stderr } = await workspace.thaw('lr', 'rates.thaw.yaml', '--stage', 'probe', '--json');
  assert.equal(code, 0, stderr);
  const lines = stdout.trimEnd().split('\n'), tested = testIn(lines.at(-1)!);
  assert.ok(lines.length > 3 && lines.slice(0, -1).every((line) => parseRunEvent(JSON.parse(line)).ok), 'events before the answer');
  assert.deepEqual([tested.stage, tested.batch, tested.rate], [{ index: 0, name: 'probe' }, 8, 1e-3]);
  // 1e-3 is the default, which the presets' runs on the sample were tuned around.
  assert.ok(tested.suggestions && decades(tested.suggestions.valley, 1e-3) <= 1 && decades(tested.suggestions.steepest, 1e-3) <= 1, JSON.stringify(tested.suggestions));
  assert.deepEqual(workspace.runs(), []);
  const [kept, ...more] = readdirSync(workspace.path('.thaw', 'rates'));
  assert.deepEqual([testIn(readFileSync(workspace.path('.thaw', 'rates', kept!), 'utf8')), more], [tested, []]);

  const again = await workspace.thaw('lr', 'rates.thaw.yaml', '--stage', '1');
  assert.match(again.stdout, /stage probe: 50 rates from 1e-6/);
  assert.match(again.stdout, /valley +\S+ +half way down/);
  assert.deepEqual(testIn(readFileSync(workspace.path('.thaw', 'rates', kept!), 'utf8')).losses, tested.losses);
});

test('what no learning rate can be found for is said in one line', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 8, paper: 8 });
  workspace.write('few.thaw.yaml', 'thaw: 1\ndata: { folder: photos }\n');
  workspace.write('none.thaw.yaml', 'thaw: 1\ndata: { folder: photos }\nstages: [{ train: [] }]\n');
  const cases: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [['few.thaw.yaml'], /^error split-too-small: 12 training photos are too few to tell one rate from another \(keep the rate that the file has, or add photos: from 16 on it can be tried\)\n$/],
    [['few.thaw.yaml', '--stage', '3'], /few\.thaw\.yaml error out-of-range: there is no stage "3" \(one of: stage 1 \(1\)\)\n$/],
    [['none.thaw.yaml'], /none\.thaw\.yaml:3:\d+ error nothing-trains: nothing trains in stage 1/],
  ];
  for (const [args, says] of cases) {
    const { code, stdout, stderr } = await workspace.thaw('lr', ...args);
    assert.deepEqual([code, stdout], [1, ''], args.join(' '));
    assert.match(stderr, says);
  }
  assert.ok(!existsSync(workspace.path('.thaw', 'rates')));
});
