import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunFact } from '../../../src/protocol/runEvent.ts';
import { paint } from '../../../src/terminal/paint.ts';
import { RunScreen } from '../../../src/terminal/followRun.ts';
import { aManifest, asEvents, everyFact } from '../../support/runs.ts';

/** Everything that reaches the terminal while a run goes by. */
function shown(facts: readonly RunFact[], { live = false, colours = false, columns = 90 } = {}): string {
  let out = '';
  const screen = new RunScreen(aManifest(), { columns, live, write: (text) => { out += text; } }, paint(colours));
  for (const event of asEvents(facts)) screen.onEvent(event);
  screen.end();
  return out;
}

/** What is left on a terminal that obeys "back to the start, erase the line". */
const left = (out: string): string => out.split('\n').map((line) => line.split('\r\u001b[2K').at(-1)!).join('\n');

const withoutColours = (text: string): string => text.replace(/\u001b\[\d+m/g, '');

const golden = `\
WebAssembly, CPU, 2 threads: the only one
thaw engine install
20 images in 2 classes: 10 to train on, 4 to validate, 6 to test (stratified 70/15/15, seed 7)
left out: 1 corrupt
a/x.jpg warning corrupt: 1 file cannot be read
probe: head trains, up to 2 epochs
  epoch 1: validation loss 0.800, accuracy 50.0 % (best)
  epoch 2: validation loss 0.850, accuracy 50.0 %
no better for 1 epochs: step 1 is kept
trained: 90.0 % of 100 test images right
  blind guess: 50.0 %
  from scratch: 90.0 % after 2 steps
layers changed from the tree: all from the next epoch on

Test accuracy 90.0 %  95 % interval 80.0 % – 95.0 %, 90 of 100 images right

  this run                90.0 %  ································────●──·
  from scratch, 2 steps   90.0 %  ································────●──·
  blind guess             50.0 %  ····················●···········───────·

Transfer helps
On 100 photos …

Calibration error 8.0 % on 100 test images (3.0 % would be chance); 4.0 % with its logits
divided by 1.50, a temperature fitted on 4 validation images: it was too sure there.
Moved most: blocks.0, by 12.0 % of its weights' size, CKA 0.91 before and after (random
weights: 0.12).
Source-head drift: the old head of 1000 source classes says the same before and after on
90.0 % of 32 validation images (95 % interval 80.0 % – 95.0 %).
Source accuracy on hymenoptera/images, with the source’s own head: 90.0 % before and 90.0
% after fine-tuning, −10.0 points (95 % interval −20.0 … 0.0, exact McNemar p = .030), 100
photos of 2 of its 1000 classes. Forgetting was shown.

epochs of probe 0.40 s (predicted 0.50 s) · memory 477 MiB (predicted 572 MiB)
`;

test('a pipe gets milestones and the end card, as plain text', () => {
  assert.equal(shown(everyFact), golden);
});

test('a terminal is left with the same, but for the epochs that its live line has shown', () => {
  const out = shown(everyFact, { live: true, colours: true });
  assert.equal(withoutColours(left(out)), golden.split('\n').filter((line) => !line.startsWith('  epoch')).join('\n'));
});

test('the live line fits its terminal, whatever it says', () => {
  const out = shown(everyFact, { live: true, colours: true, columns: 24 });
  const lines = out.split(/\r\u001b\[2K|\n/).map(withoutColours);
  assert.ok(lines.includes('probe · epoch 2/2 · los'), 'cut at 23 of 24 columns');
});

test('a stream of warnings is cut short, and how many were left out is said', () => {
  const warning = (i: number): RunFact => ({ type: 'warning', diagnostic: { code: 'corrupt', severity: 'warning', message: 'damaged', where: { file: `a/${i}.jpg` } } });
  const remark: RunFact = { type: 'warning', diagnostic: { code: 'converted', severity: 'information', message: 'grey → RGB' } };
  const out = shown([remark, ...Array.from({ length: 40 }, (_, i) => warning(i)), { type: 'ended', outcome: 'finished' }]);
  assert.equal(out.split('\n').filter((line) => line.endsWith('corrupt: damaged')).length, 12);
  assert.match(out, /^28 more such remarks are in the run's journal\.jsonl$/m);
  assert.doesNotMatch(out, /converted/);
});

test('a failed run ends with what is wrong, where, and what to do', () => {
  const out = shown([{ type: 'ended', outcome: 'failed', diagnostic: { code: 'no-folder', severity: 'error', message: 'there is no such folder', fix: 'check the path', where: { file: '/photos\u202e' } } }]);
  assert.equal(out, '\n/photos\\u202e: there is no such folder\ncheck the path\n');
});

test('a control that trains says its evaluations to a pipe, and shares the live line of a terminal', () => {
  let piped = '', live = '';
  const control = aManifest({ control: 'scratch' });
  for (const [isLive, write] of [[false, (text: string) => { piped += text; }], [true, (text: string) => { live += text; }]] as const) {
    const screen = new RunScreen(aManifest(), { columns: 120, live: isLive, write }, paint(false));
    for (const event of asEvents(everyFact.slice(0, -2))) screen.onEvent(event);
    for (const event of asEvents(everyFact.slice(0, 10))) screen.onControlEvent(control, event);
  }
  assert.match(piped, /^ {2}from scratch: step 1, validation 50\.0 %$/m);
  assert.match(live, /control from scratch · probe · epoch 1\/2 · loss 0\.900 · validation 50\.0 % · 200 images\/s · 0:01 left$/);
});
