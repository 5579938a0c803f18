import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeStored } from '../../../../../src/trainer/child/controls/storedVerdict.ts';
import { openJournal } from '../../../../../src/runs/journal.ts';
import { predictionOf, writePredictions } from '../../../../../src/runs/predictions.ts';
import type { RunFact } from '../../../../../src/protocol/runEvent.ts';
import type { RunFolder } from '../../../../../src/runs/runFolder.ts';
import { writeTrace } from '../../../../../src/runs/trace.ts';
import { aRun, aShare } from '../../../../support/runs.ts';
import { temporaryFolder } from '../../../../support/temporary.ts';
import { tinyLite } from '../../../../support/tinyLite.ts';

const items = 100, digits = (right: number): string => '1'.repeat(right).padEnd(items, '0');

/** Whose first so many test photos are right. */
function tested(run: RunFolder, right: number, ...facts: readonly RunFact[]): void {
  writePredictions(run, 'test', Array.from({ length: items }, (_, i) => predictionOf(`a/${i}.jpg`, 0, i < right ? [0.9, 0.1] : [0.1, 0.9])));
  const journal = openJournal(run.journal);
  for (const fact of [{ type: 'tested', step: 40, loss: 1, accuracy: aShare }, ...facts, { type: 'ended', outcome: 'finished' }] as const) journal.append(fact);
  journal.close();
}

test('where the control\'s time ended early, the run is judged by the last of its bests up to there, whatever came after', async (t) => {
  const home = temporaryFolder(t), run = aRun(home, { title: 'run', status: 'finished' }), control = aRun(home, { title: 'control', status: 'finished', controlOf: run.id, control: 'scratch', budgetMs: 60_000, cutAtStep: 25 });
  tested(control, 70);
  tested(run, 90, { type: 'control', control: 'scratch', runId: control.id, accuracy: aShare, matchedSteps: 25 });
  writeTrace(run, [{ step: 0, best: true, right: digits(5) }, { step: 10, best: true, right: digits(40) }, { step: 20, best: false }, { step: 30, best: true, right: digits(90) }, { step: 40, best: false }]);
  const verdict = await judgeStored(run, tinyLite()), [comparison] = verdict!.comparisons;
  assert.deepEqual([comparison!.run.correct, comparison!.controlShare.correct, comparison!.at], [40, 70, { kind: 'matched', step: 25 }]);
  assert.equal(verdict!.claim, 'hurts', verdict!.words);

  writeTrace(run, [{ step: 0, best: true }]);
  const none = await judgeStored(run, tinyLite());
  assert.equal(none!.missing.find((each) => each.control === 'scratch')?.why, 'what the run could do by then is not there');
});
