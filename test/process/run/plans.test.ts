/** Plans as text: every value with its origin, and what two runs have not in common. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { aRun, aShare } from '../../support/runs.ts';
import { Workspace } from '../../support/product.ts';

const text = 'thaw: 1\ndata: { folder: photos }\nstages:\n  - { name: probe, train: [head], epochs: 3 }\n';

test('a plan is printed with every value and its origin, and two runs are compared by it', async (t) => {
  const workspace = new Workspace(t);
  workspace.write('a.thaw.yaml', text);
  const { code, stdout } = await workspace.thaw('plan', 'a.thaw.yaml', '--set', 'stages.0.rate=1e-2');
  assert.equal(code, 0);
  assert.match(stdout, /^ {4}epochs: 3 {2}# file$/m);
  assert.match(stdout, /^ {4}rate: 0\.01 {2}# command line$/m);
  assert.match(stdout, /^batch: 32 {2}# default$/m);

  const home = workspace.path('elsewhere');
  const [one, other] = ['one', 'other'].map((title) => aRun(home, { title, status: 'finished', test: aShare }));
  writeFileSync(one!.resolvedPlan, stdout);
  writeFileSync(other!.resolvedPlan, stdout.replace('rate: 0.01', 'rate: 0.003'));
  const compared = await workspace.thaw('compare', one!.path, other!.path);
  assert.equal(compared.code, 0, compared.stderr);
  assert.match(compared.stdout, /^one and other\n[^]*test accuracy +90\.0 %[^]*\n1 value differs\n +stages\.0\.rate +0\.01 +0\.003\n$/);

  const unresolved = aRun(home, { title: 'unresolved', status: 'failed' });
  const refused = await workspace.thaw('compare', one!.path, unresolved.path);
  assert.deepEqual([refused.code, refused.stdout], [1, '']);
  assert.match(refused.stderr, /ended before its plan was resolved/);
});
