import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isRunId, newRunId, placeOf, placesOf, preparePlace, removeRun } from '../../../src/runs/runFolder.ts';
import { findRun, listRuns } from '../../../src/runs/runIndex.ts';
import { isNext } from '../../../src/runs/turn.ts';
import { leaseOf, writeLease } from '../../../src/runs/lease.ts';
import { aManifest, aRun } from '../../support/runs.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('a run id says when and what, whatever the title', () => {
  const at = '2026-05-01T13:15:02.123Z';
  assert.match(newRunId('flowers', at), /^20260501-131502-flowers-[0-9a-f]{6}$/);
  assert.match(newRunId('Ünï cödé/../x', at), /^20260501-131502-uni-code-x-[0-9a-f]{6}$/);
  assert.match(newRunId('花', at), /^20260501-131502-run-[0-9a-f]{6}$/);
  for (const title of ['flowers', 'a'.repeat(31) + ' b', '--', '../..', '']) assert.ok(isRunId(newRunId(title, at)), title);
});

test('what is not a run id never becomes a path', (t) => {
  const home = temporaryFolder(t);
  const run = aRun(home);
  assert.equal(findRun(home, `${home}-user`, run.id)?.path, run.path);
  for (const id of ['', '..', '../../etc', `${run.id}/..`, `${run.id}\n`, '20260501-131502-x-12345g']) {
    assert.ok(!isRunId(id), JSON.stringify(id));
    assert.equal(findRun(home, `${home}-user`, id), undefined);
  }
});

test('runs lie in the home, out of its repository', (t) => {
  const home = temporaryFolder(t);
  const place = preparePlace(home, join(home, 'user'));
  assert.ok(place.ok);
  assert.deepEqual([place.value.runs, place.warnings], [join(home, '.thaw', 'runs'), []]);
  assert.equal(readFileSync(join(home, '.thaw', '.gitignore'), 'utf8'), '*\n');
  assert.ok(!existsSync(join(home, 'user')));
  assert.deepEqual(placeOf(aRun(home)), place.value);
});

test('a home that cannot be written has its runs in the user\'s folder, which is said; two ways to it are one home', (t) => {
  const home = temporaryFolder(t), userData = join(home, 'user');
  writeFileSync(join(home, '.thaw'), 'in the way');
  const place = preparePlace(home, userData);
  assert.ok(place.ok);
  assert.match(place.value.runs, /user.homes.[0-9a-f]{16}.runs$/);
  assert.deepEqual(place.warnings.map(({ code }) => code), ['unwritable']);
  assert.match(place.warnings[0]?.message ?? '', /EEXIST|ENOTDIR/);
  symlinkSync(home, join(home, 'link'));
  assert.deepEqual(placesOf(join(home, 'link'), userData), placesOf(home, userData));

  writeFileSync(join(home, 'file'), '');
  const nowhere = preparePlace(home, join(home, 'file'));
  assert.ok(!nowhere.ok);
  assert.match(nowhere.errors[0]?.message ?? '', /neither .* nor .*/);
});

test('the list has the newest first, controls under their run, and says what cannot be read', (t) => {
  const home = temporaryFolder(t), userData = `${home}-user`;
  const older = aRun(home, { createdAt: '2026-05-01T12:00:00.000Z', status: 'finished' });
  const newer = aRun(home, { createdAt: '2026-05-02T12:00:00.000Z', status: 'finished' });
  const control = aRun(home, { createdAt: '2026-05-03T12:00:00.000Z', status: 'finished', controlOf: older.id, control: 'scratch' });
  const orphan = aRun(home, { createdAt: '2026-04-01T12:00:00.000Z', status: 'finished', controlOf: aManifest().id, control: 'scratch' });
  const broken = aRun(home);
  writeFileSync(broken.manifest, '{"format": 1, ');
  const future = aRun(home);
  writeFileSync(future.manifest, '{"format": 2}');
  mkdirSync(join(home, '.thaw', 'runs', 'not-a-run'));
  const { runs, problems } = listRuns(home, userData);
  assert.deepEqual(runs.map(({ folder, controls }) => [folder.id, controls.map((each) => each.folder.id)]),
    [[newer.id, []], [older.id, [control.id]], [orphan.id, []]]);
  assert.deepEqual(problems.map(({ code }) => code).sort(), ['newer-format', 'run-unreadable']);
  assert.deepEqual(listRuns(join(home, 'elsewhere'), userData), { runs: [], problems: [] });
});

test('a removed run is gone, and leavings of an interrupted removal with it', (t) => {
  const home = temporaryFolder(t);
  const run = aRun(home), { runs } = placeOf(run);
  mkdirSync(join(runs, '.removed-20260501-131502-x-123456'));
  removeRun(run);
  assert.deepEqual(readdirSync(runs), []);
});

test('runs that wait come in the order of their ids; ended, dead and control runs stand in nobody\'s way', (t) => {
  const home = temporaryFolder(t);
  const waiting = (createdAt: string, changes: object = {}) => {
    const run = aRun(home, { createdAt, ...changes });
    writeLease(run, leaseOf(process.pid));
    return run;
  };
  const ended = waiting('2026-05-01T12:00:00.000Z', { status: 'finished' });
  waiting('2026-05-01T12:00:01.000Z', { status: 'training', controlOf: ended.id });
  aRun(home, { createdAt: '2026-05-01T12:00:02.000Z' }); // nobody came for it
  const first = waiting('2026-05-01T12:00:03.000Z'), second = waiting('2026-05-01T12:00:04.000Z');
  assert.equal(isNext(placeOf(first), first.id), true);
  assert.equal(isNext(placeOf(first), second.id), false);
});
