import type { AccuracyChange, Calibration, CalibrationScore, Transfer } from '../src/protocol/insight.ts';
import { calibrationText, driftText, forgettingText } from '../src/protocol/insightWords.ts';
import { percent } from '../src/base/units.ts';
import type { Share } from '../src/protocol/verdict.ts';
import { h } from './dom.ts';

/** Can its probabilities be trusted? The diagram, and the numbers before and after the temperature. */
export function calibrationView(calibration: Calibration, canvas: HTMLCanvasElement): HTMLElement {
  const { before, after, why, temperature } = calibration;
  const row = (name: string, { ece, chanceEce, brier, loss }: CalibrationScore): HTMLElement => h('tr', {},
    h('th', { scope: 'row' }, name), ...[percent(ece), percent(chanceEce), brier.toFixed(3), loss.toFixed(3)].map((text) => h('td', {}, text)));
  return h('div', { class: 'reliability' },
    h('div', {}, h('div', { class: 'chart' }, canvas), h('p', {}, h('span', { class: 'key run' }, 'as it is'), ' ', why === undefined && h('span', { class: 'key control' }, `logits divided by ${temperature.toFixed(2)}`))),
    h('div', { class: 'stack' },
      h('p', {}, calibrationText(calibration)),
      h('div', { class: 'scroll' }, h('table', { class: 'rows' },
        h('thead', {}, h('tr', {}, ...['', 'calibration error', 'by chance alone', 'Brier score', 'loss'].map((name) => h('th', { scope: 'col' }, name)))),
        h('tbody', {}, row('as it is', before), ...(why === undefined ? [row(`temperature ${temperature.toFixed(2)}`, after)] : [])))),
      h('p', { class: 'note' }, 'Shows whether 80 % sure means right 8 times in 10 on photos like the test images. It cannot show how sure the network is on photos of another kind; and with few images an error near “by chance alone” is no finding.')));
}

/** What fine-tuning changed, block by block. */
export function transferView(transfer: Transfer): HTMLElement {
  const { blocks, changes, images, rewindImages, source, notes } = transfer, drift = driftText(transfer);
  const rows = blocks.length > 0 ? blocks : changes.filter(({ path, change }) => change > 0 && !changes.some((other) => path.startsWith(`${other.path}.`) && other.path !== path)).map((each) => ({ ...each, cka: undefined, rewind: undefined }));
  const most = Math.max(...rows.map(({ change }) => change));
  const changed = (change: number): HTMLElement => {
    const cell = h('td', { class: 'heat' }, percent(change));
    cell.style.setProperty('--share', String(most > 0 ? change / most : 0));
    return cell;
  };
  const points = (change: AccuracyChange | undefined): HTMLElement => h('td', {}, change ? pointsText(change) : '–');
  return h('div', { class: 'stack' },
    rows.length > 0 && h('div', { class: 'scroll' }, h('table', { class: 'rows' },
      h('thead', {}, h('tr', {}, ...['block', 'weights moved', 'alike before and after (CKA)', 'random control', 'reset to pretrained', 'reset to random'].map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, ...rows.map(({ path, change, cka, rewind }) => h('tr', {},
        h('th', { scope: 'row' }, path), changed(change),
        h('td', {}, cka ? cka.value.toFixed(2) : '–'), h('td', { class: 'dim' }, cka ? cka.control.toFixed(2) : '–'), points(rewind?.pretrained), points(rewind?.random)))))),
    source && forgettingView(source),
    drift !== undefined && h('p', {}, drift),
    ...notes.map((note) => h('p', {}, note)),
    h('p', { class: 'note' }, `Weights moved: size of the change against the size of the weights; layers of unlike kinds do not compare. CKA, on ${images} validation images: 1 is the same up to a turn; near the control, as unlike as random weights; it cannot show whether what changed matters. Reset: change in validation accuracy in points with its 95 % interval, on ${rewindImages} images; blocks can stand in for each other, so a block that is not missed alone may be missed with others. The head is left out: it was new.`));
}

/** What the source task's own head gets right, before and after. */
function forgettingView(source: NonNullable<Transfer['source']>): HTMLElement {
  const row = (name: string, { value, low, high }: Share): HTMLElement => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, percent(value)), h('td', {}, `${percent(low)} – ${percent(high)}`));
  return h('div', { class: 'stack' },
    h('p', {}, forgettingText(source)),
    h('table', { class: 'rows' }, h('thead', {}, h('tr', {}, ...['source task', 'right', '95 % interval'].map((name) => h('th', { scope: 'col' }, name)))), h('tbody', {}, row('before fine-tuning', source.before), row('after', source.after))),
    h('p', { class: 'note' }, `Shows how much of these ${source.matched} classes the fine-tuned backbone still serves to the head that it had, among all ${source.classes}. It cannot show what a new source head, trained on the changed features, would get; nor what became of classes of which there are no photos here.`));
}

const pointsText = ({ value, low, high }: AccuracyChange): string => `${signed(value)} (${signed(low)} … ${signed(high)})`;

const signed = (share: number): string => `${share > 0 ? '+' : share < 0 ? '−' : ''}${Math.abs(100 * share).toFixed(1)}`;
