import assert from 'node:assert/strict';
import { openJournal } from '../../src/runs/journal.ts';
import { predictionOf, writePredictions } from '../../src/runs/predictions.ts';
import type { RunFact } from '../../src/protocol/runEvent.ts';
import { shareOf } from '../../src/evidence/intervals.ts';
import { judge } from '../../src/evidence/verdict.ts';
import { aRun } from '../support/runs.ts';
import { openThaw, runCommand, screenshot, setTheme, view, webviewFrame, workbenchTest } from './workbench.ts';

/** Runs that one file made, as they lie on the disk: of 60 test photos, so many are right. */
function storedSweep(home: string, right: Readonly<Record<string, number>>): void {
  for (const [i, [name, correct]] of Object.entries(right).entries()) {
    const createdAt = `2026-05-01T13:15:0${i}.000Z`, test = shareOf(correct, 60), validationLoss = 1.2 - correct / 60;
    const run = aRun(home, {
      createdAt, title: `flowers (${name})`, status: 'finished', endedAt: '2026-05-01T13:16:00.000Z', dataFingerprint: 'same', sweep: { id: 'one', name, place: i + 1 },
      best: { step: 8, validationAccuracy: correct / 60, validationLoss }, test,
    });
    const facts: readonly RunFact[] = [
      { type: 'started', pid: 1, node: process.version },
      { type: 'planned', stages: [{ name: 'probe', fromStep: 0, epochs: 1, trains: ['head'], trainedParameters: 2562, rate: 1e-3 }], stepsPerEpoch: 8, totalSteps: 8 },
      { type: 'stage', stage: 0, step: 0 },
      { type: 'evaluated', step: 0, epoch: 0, split: 'validation', loss: 0.9, accuracy: 0.5, best: false },
      { type: 'step', step: 8, epoch: 1, loss: 0.4, rate: 1e-3, perSecond: 900, etaMs: 0 },
      { type: 'evaluated', step: 8, epoch: 1, split: 'validation', loss: validationLoss, accuracy: correct / 60, best: true },
      { type: 'tested', step: 8, loss: validationLoss, accuracy: test },
      { type: 'ended', outcome: 'finished' },
    ];
    const journal = openJournal(run.journal);
    for (const fact of facts) journal.append(fact);
    journal.close();
    writePredictions(run, 'test', Array.from({ length: 60 }, (_, n) => predictionOf(`a/${n}.jpg`, 0, n < correct ? [0.9, 0.1] : [0.2, 0.8])));
  }
}

const flowers = ['daisy', 'rose', 'tulip', 'violet'];

/** A run of four classes of 30 test photos, judged: of two, one hurt and one helped, the difference is more than luck. */
function storedVerdict(home: string): void {
  const labels = flowers.flatMap((_, label) => Array<number>(30).fill(label)), upTo = (counts: readonly number[]): number[] => labels.map((label, i) => Number(i % 30 < counts[label]!));
  const right = upTo([28, 27, 4, 20]), scratch = upTo([6, 25, 26, 20]), run = aRun(home, { title: 'judged', status: 'finished', test: shareOf(79, 120), createdAt: '2026-04-01T13:15:00.000Z', endedAt: '2026-04-01T13:16:00.000Z' });
  const facts: readonly RunFact[] = [
    { type: 'data', data: { classes: flowers, train: [140, 140, 140, 140], validation: [30, 30, 30, 30], test: [30, 30, 30, 30], leftOut: {}, converted: {}, duplicateGroups: 0, splitBy: 'stratified 70/15/15, seed 7' } },
    { type: 'tested', step: 8, loss: 0.8, accuracy: shareOf(79, 120) },
    { type: 'control', control: 'scratch', accuracy: shareOf(77, 120) },
    { type: 'verdict', verdict: judge([{ right, controls: [{ control: 'scratch', right: scratch }] }], { labels, classes: flowers, missing: [] }) },
    { type: 'ended', outcome: 'finished' },
  ];
  const journal = openJournal(run.journal);
  for (const fact of facts) journal.append(fact);
  journal.close();
}

workbenchTest('the Thaw container shows its three views; runs that one file made stand together, and their row opens their table; a verdict says which classes the transfer hurt', async ({ page, workspace }) => {
  storedSweep(workspace, { 'rate 1e-4': 48, 'rate 1e-3': 54, 'rate 1e-1': 31 });
  storedVerdict(workspace);
  await openThaw(page);
  for (const title of ['Backbones', 'Layers', 'Runs'] as const) {
    assert.equal(await view(page, title).count(), 1, title);
    await view(page, title).waitFor();
  }
  await view(page, 'Backbones').getByRole('treeitem', { name: 'EfficientNet-Lite0' }).waitFor();
  const sweep = view(page, 'Runs').getByRole('treeitem', { name: /^flowers/ }).first();
  await sweep.waitFor();
  await screenshot(page, 'sidebar');

  await sweep.click();
  const variants = webviewFrame(page).getByRole('region', { name: 'Variants' });
  await variants.getByRole('row', { name: /^best on validation rate 1e-3 / }).waitFor();
  assert.match(await variants.getByRole('row', { name: /rate 1e-1/ }).innerText(), /−38\.3 points/);
  await screenshot(page, 'sweep-dark');
  for (const [theme, name] of [['Light Modern', 'light'], ['Dark High Contrast', 'contrast']] as const) {
    await setTheme(page, theme);
    await page.waitForTimeout(300);
    await screenshot(page, `sweep-${name}`);
  }
  await runCommand(page, 'View: Toggle Primary Side Bar Visibility');
  await page.setViewportSize({ width: 620, height: 900 });
  await page.waitForTimeout(300);
  await screenshot(page, 'sweep-narrow');

  await page.setViewportSize({ width: 1400, height: 900 });
  await runCommand(page, 'View: Close All Editors');
  await runCommand(page, 'View: Toggle Primary Side Bar Visibility');
  await view(page, 'Runs').getByRole('treeitem', { name: /^Run judged/ }).click();
  const verdict = webviewFrame(page).getByRole('region', { name: 'Verdict' }), rows = verdict.locator('tbody tr');
  await verdict.getByText('By class, against “from scratch”').click();
  assert.deepEqual((await rows.allInnerTexts()).map((row) => row.replace(/\s+/g, ' ')), [
    'tulip 30 −73 −86 to −54 < .001', 'rose 30 +7 −5 to +21 .500', 'daisy 30 +73 +54 to +86 < .001',
  ], 'the worst first; violet, where both are right on the same photos, is not told apart');
  assert.deepEqual(await Promise.all((await rows.all()).map((row) => row.getAttribute('class'))), ['hurts', null, 'helps']);
  for (const [theme, name] of [['Dark Modern', 'dark'], ['Light Modern', 'light']] as const) {
    await setTheme(page, theme);
    await page.waitForTimeout(300);
    await screenshot(page, `classes-${name}`);
  }
});
