/**
 * A run that is warned of dead units, is behind the control of an earlier run, then behind its own that is faster at first: what a trainer would write is
 * written here, line by line, and followed by the real product. (test/host/watch.host.ts trains such a run.)
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { RunFact } from '../../src/protocol/runEvent.ts';
import { leaseOf, writeLease } from '../../src/runs/lease.ts';
import { openJournal, type JournalWriter } from '../../src/runs/journal.ts';
import type { RunFolder } from '../../src/runs/runFolder.ts';
import { deadUnitsWarning } from '../../src/evidence/deadUnits.ts';
import { aRun, aShare } from '../support/runs.ts';
import { openThaw, runCommand, screenshot, view, webviewFrame, workbenchTest } from './workbench.ts';

const perEpoch = 8, epochs = 10;
const begin: readonly RunFact[] = [
  { type: 'started', pid: 1, node: process.version },
  { type: 'data', data: { classes: ['a', 'b', 'c'], train: [84, 84, 84], validation: [18, 18, 18], test: [18, 18, 18], leftOut: {}, converted: {}, duplicateGroups: 0, splitBy: 'stratified 70/15/15, seed 7' } },
  { type: 'planned', stages: [{ name: 'probe', fromStep: 0, epochs, trains: ['head'], trainedParameters: 3843, rate: 1e-3 }], stepsPerEpoch: perEpoch, totalSteps: perEpoch * epochs },
  { type: 'stage', stage: 0, step: 0 },
];
/** An epoch of which so many of the 54 validation photos are right after it. */
const epoch = (number: number, right: number): readonly RunFact[] => [
  ...number === 0 ? [] : [{ type: 'step', step: number * perEpoch, epoch: number, loss: 1.2 - right / 54, rate: 1e-3, perSecond: 900, etaMs: 4000 } as const],
  { type: 'evaluated', step: number * perEpoch, epoch: number, split: 'validation', loss: 1.2 - right / 60, accuracy: right / 54, best: true },
];
const ofRun = [18, 20, 21, 23, 26, 28, 31, 35, 40, 42, 43], ofControl = [18, 26, 32, 36, 38, 38, 39, 39, 39, 40, 40];

/** A folder in the hands of a process that is there and does nothing. */
function writing(run: RunFolder, pid: number): JournalWriter {
  writeLease(run, leaseOf(pid));
  return openJournal(run.journal);
}

/** Of a run that ended long ago, as fast as the own one will be. */
function earlierControl(workspace: string): RunFolder {
  const createdAt = '2026-01-01T00:00:00.000Z', of = aRun(workspace, { title: 'roses', status: 'finished', createdAt });
  const control = aRun(workspace, { title: 'roses (scratch)', status: 'finished', createdAt, controlOf: of.id, control: 'scratch' }), journal = openJournal(control.journal);
  for (const fact of [...begin, ...ofControl.flatMap((right, i) => epoch(i, right)), { type: 'ended', outcome: 'finished' } as const]) journal.append(fact);
  journal.close();
  return control;
}

workbenchTest('a run is warned while it trains; behind the control of an earlier run, then behind its own, it is watched: a band around the control, in the Runs view and the status bar; it clears itself', async ({ page, workspace }) => {
  const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
  await once(holder, 'spawn');
  try {
    const earlier = earlierControl(workspace), run = aRun(workspace, { title: 'flowers', status: 'training' }), journal = writing(run, holder.pid!);
    for (const fact of [...begin, { type: 'watched-against', controls: [{ control: 'scratch', runId: earlier.id }] } as const, ...ofRun.slice(0, 4).flatMap((right, i) => epoch(i, right)), { type: 'warning', diagnostic: deadUnitsWarning({ layer: 'bn2.act', died: 612, units: 1280 }, { step: 24, stage: 'thaw', rows: 48 }) } as const]) journal.append(fact);
    await openThaw(page);
    const row = view(page, 'Runs').getByRole('treeitem', { name: /flowers/ }).first();
    await row.click();
    const dashboard = webviewFrame(page), accuracy = dashboard.getByRole('img', { name: /^Accuracy by epoch/ });
    await dashboard.getByText(/^Warning · at step 24, 612 of 1280 units of "bn2\.act" \(48 %\) are dead/).waitFor();
    await page.locator('.statusbar-item', { hasText: 'Thaw: flowers: epoch 3 of 10' }).hover();
    await page.getByText(/Warning: at step 24, 612 of 1280 units/).first().waitFor();
    await screenshot(page, 'watch-warning');
    await dashboard.getByText(/^Watch · behind the control “from scratch” of an earlier run so far: 24\.1 points of validation accuracy at step 24, since step 8 \(95 % interval/).waitFor();
    assert.match(await accuracy.getAttribute('aria-label') ?? '', /around the best that “from scratch” had by then/);
    await view(page, 'Runs').getByRole('treeitem', { name: /flowers, .*behind the control “from scratch” of an earlier run so far: 24\.1 points/ }).waitFor();
    await page.locator('.statusbar-item', { hasText: 'Thaw: flowers: epoch 3 of 10 · behind “from scratch” so far' }).hover();
    await page.getByText(/Watch: behind the control “from scratch” of an earlier run so far/).first().waitFor();
    await screenshot(page, 'watch-live');
    for (const fact of ofRun.slice(4).flatMap((right, i) => epoch(4 + i, right))) journal.append(fact);
    await dashboard.getByText(/^Training · epoch 10 of 10/).waitFor();
    await dashboard.getByText(/^Watch · /).waitFor({ state: 'detached' });
    await dashboard.getByText('from scratch', { exact: true }).first().waitFor(); // its curve is there as long as the run trains
    await screenshot(page, 'watch-live-cleared');
    for (const fact of [{ type: 'tested', step: epochs * perEpoch, loss: 0.4, accuracy: aShare } as const]) journal.append(fact);
    await dashboard.getByText(/^Trained: /).waitFor();
    await dashboard.getByText(/^Warning · /).waitFor({ state: 'detached' });
    assert.equal(await dashboard.getByText('from scratch', { exact: true }).count(), 0);

    const control = aRun(workspace, { title: 'flowers (scratch)', status: 'training', controlOf: run.id, control: 'scratch' }), controlJournal = writing(control, holder.pid!);
    journal.append({ type: 'control-started', control: 'scratch', runId: control.id });
    for (const fact of [...begin, ...ofControl.slice(0, 6).flatMap((right, i) => epoch(i, right))]) controlJournal.append(fact);
    await dashboard.getByText(/^Watch · behind the control “from scratch” so far: 18\.5 points of validation accuracy at step 40, since step 8 \(95 % interval/).waitFor();
    assert.match(await accuracy.getAttribute('aria-label') ?? '', /around the best that “from scratch” had by then: the 95 % interval/);
    await dashboard.getByText('95 % interval of the lead').waitFor();
    await view(page, 'Runs').getByRole('treeitem', { name: /flowers, .*behind the control “from scratch” so far: 18\.5 points/ }).waitFor();
    const status = page.locator('.statusbar-item', { hasText: /behind “from scratch” so far/ });
    await status.hover();
    await page.getByText(/Watch: behind the control “from scratch” so far/).first().waitFor();
    await screenshot(page, 'watch-dark');
    await runCommand(page, 'Preferences: Toggle between Light/Dark Themes');
    await page.locator('.monaco-workbench.vs').waitFor();
    await screenshot(page, 'watch-light');
    await runCommand(page, 'Preferences: Color Theme');
    await page.keyboard.type('Dark High Contrast');
    await page.keyboard.press('Enter');
    await page.locator('.monaco-workbench.hc-black').waitFor();
    await screenshot(page, 'watch-contrast');

    for (const fact of ofControl.slice(6).flatMap((right, i) => epoch(6 + i, right))) controlJournal.append(fact);
    await dashboard.getByText(/^Watch · behind the control/).waitFor({ state: 'detached' });
    assert.doesNotMatch(await accuracy.getAttribute('aria-label') ?? '', /interval/);
    await status.waitFor({ state: 'detached' });
    await screenshot(page, 'watch-cleared');
    const bell = page.locator('[id="status.notifications"] .codicon-bell');
    assert.deepEqual([await bell.count(), await page.locator('.codicon-bell-dot').count()], [1, 0], 'no warning and no watch was a notification');

    await runCommand(page, 'View: Toggle Primary Side Bar Visibility');
    await page.setViewportSize({ width: 540, height: 900 });
    const last = dashboard.getByRole('tab', { name: 'System' });
    await last.scrollIntoViewIfNeeded();
    const { x, width } = (await last.boundingBox())!;
    assert.ok(x + width <= 540, `the last of eight tabs ends at ${x + width} of 540 pixels`);
    await screenshot(page, 'dashboard-narrow');
  } finally {
    holder.kill();
  }
});
