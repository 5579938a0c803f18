import assert from 'node:assert/strict';
import { test } from 'node:test';
import { earlyByLoss } from '../../../../../src/trainer/child/controls/controls.ts';
import type { Judged } from '../../../../../src/trainer/child/stages/trace.ts';

const at = (step: number, validationLoss: number, validationAccuracy: number): Judged => ({ step, validationLoss, validationAccuracy, predictedClasses: 2, testLoss: 0, testLogits: new Float32Array() });

test('a control that its loss kept at an early step says what it was by accuracy; one where both agree, or nearly, or that was chosen by accuracy does not', () => {
  const trace = [at(0, 2.4, 0.17), at(8, 1.8, 0.17), at(96, 2.2, 0.46), at(104, 2.5, 0.46)], kept = { best: trace[1]!, trace };
  const said = earlyByLoss(kept, 'validation.loss');
  assert.deepEqual([said?.code, said?.severity], ['control-epoch', 'information']);
  assert.match(said!.message, /best step is 8, with 17\.0 % of the validation photos right; at step 96 it had 46\.0 %/);
  assert.equal(earlyByLoss(kept, 'validation.accuracy'), undefined);
  assert.equal(earlyByLoss({ best: trace[2]!, trace }, 'validation.loss'), undefined);
  assert.equal(earlyByLoss({ best: at(8, 1.8, 0.4), trace }, 'validation.loss'), undefined);
  assert.equal(earlyByLoss({ best: undefined, trace: [] }, 'validation.loss'), undefined);
});
