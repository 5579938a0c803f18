/** One plan on one core and on all of them. */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { ownCache } from '../../support/ownCache.ts';
import { factsOf, manifestOf, Workspace } from '../../support/product.ts';
import { tintedPhotos } from '../../support/tintedPhotos.ts';

/** A core of this process, for children that may use no other. */
const oneCore = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0 ? /Cpus_allowed_list:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] : undefined;

test('one thread and all of them come to the same verdict', { skip: oneCore === undefined && 'this machine has no second core, or no taskset' }, async (t) => {
  const workspace = new Workspace(t);
  tintedPhotos(workspace.path('photos'), ['red', 'green', 'blue'], 30);
  workspace.write('run.thaw.yaml', 'thaw: 1\ndata: { folder: photos, split: { train: 20%, validation: 20%, test: 60% } }\nbackbone: resnet20_cifar10\nstages: [{ train: [head], epochs: 8, rate: 1e-8, augment: none }]\ncontrols: [scratch]\nbatch: 8\n');
  const hasTensorFlow = existsSync(join(ownCache(workspace.path('cache')), 'engine'));
  workspace.variables['THAW_CACHE'] = workspace.path('cache'); // its steps take as many threads as there are; those of the built-in engine take one, and only decoding and frozen layers more
  for (const command of [[], ['taskset', '--cpu-list', oneCore!]]) {
    const ran = await workspace.startUnder(command, 'run', 'run.thaw.yaml', ...hasTensorFlow ? ['--engine', 'tensorflow'] : []).ended;
    assert.equal(ran.code, 0, ran.stdout + ran.stderr);
    if (command.length > 0) break;
    for (const { path } of workspace.runs().filter((run) => manifestOf(run).controlOf !== undefined)) rmSync(path, { recursive: true });
    rmSync(workspace.path('.thaw', 'cache'), { recursive: true }); // features too are made again
  }
  const runs = workspace.runs().filter((run) => manifestOf(run).controlOf === undefined), [all, one] = await Promise.all(runs.map(async (run) => (await factsOf(run, 'verdict'))[0]!.verdict));
  const engines = await Promise.all(runs.map(async (run) => (await factsOf(run, 'engine'))[0]!.engine));
  assert.match(engines[1]!.prefix!, /, 1 thread$/);
  assert.match(engines[0]!.prefix!, /, [2-9]\d* threads$/);
  if (hasTensorFlow) assert.deepEqual(engines.map(({ threads }) => threads), [availableParallelism(), 1]);
  assert.deepEqual([all!.claim, one!.claim, all!.comparisons[0]!.items], ['hurts', 'hurts', 54], `${all!.words}\n${one!.words}`);
});
