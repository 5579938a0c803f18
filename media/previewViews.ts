import type { CutPrediction, Prediction } from '../src/protocol/answers.ts';
import type { FromPreview, Phase, PlanPreview, PlanValue, PreviewBlock, PreviewStage, RowState } from '../src/protocol/previewMessages.ts';
import { about, bytes, count, shortTime } from '../src/base/units.ts';
import { bare, h } from './dom.ts';

type Send = (message: FromPreview) => void;

/** "about 40 s at most, about 3.4 min with its controls · up to 0.7 GiB of memory, 3.1 GiB with its controls · 14 MiB of cache · 360 photos, 6 classes · on tensorflow". */
export function totalsText({ backbone, runs, costs }: PlanPreview): string {
  const each = runs > 1 ? `${runs} runs, each ` : '';
  if (!costs) return `${runs > 1 ? `${runs} runs · ` : ''}${backbone}`;
  const end = (phases: readonly Phase[]): number => phases.reduce((sum, { ms }) => sum + ms, 0);
  const run = end(costs.phases.filter(({ kind }) => kind !== 'control')), all = end(costs.phases);
  const most = (of: (stage: Prediction) => number): number => Math.max(0, ...costs.stages.map(of));
  const memory = most(({ peakBytes }) => peakBytes), allMemory = Math.max(memory, ...costs.phases.map(({ peakBytes = 0 }) => peakBytes));
  return [
    `${each}${about(run)} at most${all > run ? `, ${about(all)} with its controls` : ''}`, `up to ${bytes(memory)} of memory${allMemory > memory ? `, ${bytes(allMemory)} with its controls` : ''}`,
    most(({ cacheBytes }) => cacheBytes) > 0 && `${bytes(most(({ cacheBytes }) => cacheBytes))} of cache`,
    costs.photos, `${backbone} on ${costs.engine}`,
  ].filter(Boolean).join(' · ');
}

/** One row per phase, its bar where it falls in the whole. */
export function timeLine({ costs, quickControls }: PlanPreview, unpredicted = 'Predictions come once the photos are counted and this machine is measured …'): HTMLElement {
  const note = quickControls.length > 0 && h('p', { class: 'note' }, `Beside these, in seconds: ${quickControls.join(', ')}.`);
  if (!costs) return h('section', { class: 'card' }, h('h2', {}, 'Time'), h('p', { class: 'note' }, unpredicted));
  const { phases } = costs, last = phases.at(-1), end = last ? last.fromMs + last.ms : 1;
  return h('section', { class: 'card' }, h('h2', {}, 'Time, predicted', key('features', 'features'), key('stage', 'training'), key('control', 'controls')),
    h('ol', { class: 'phases' }, ...phases.map(({ kind, name, words, fromMs, ms }) => {
      const bar = h('span', { class: `phase ${kind}`, 'aria-hidden': 'true' });
      bar.style.setProperty('--from', String(fromMs / end));
      bar.style.setProperty('--share', String(ms / end));
      return h('li', {}, h('span', { class: 'name' }, h('bdi', {}, bare(name)), h('span', { class: 'dim' }, ` ${words}`)), h('span', { class: 'track' }, bar), h('span', { class: 'num' }, about(ms)));
    })), note);
}

const key = (kind: string, words: string): HTMLElement => h('span', { class: `swatch ${kind}` }, words);

const stateWords: Readonly<Record<RowState, string>> = { trained: 'trains', partly: 'trains in part', cached: 'frozen, computed once', frozen: 'frozen, runs in every epoch' };

/** The network from the input to the head, one strip per stage, and what the stage costs. */
export function stagesView({ blocks, stages, costs }: PlanPreview, chosen: number, send: Send): HTMLElement {
  const heads = h('thead', {}, h('tr', {}, ...blocks.map((path) => h('th', { scope: 'col' }, h('span', {}, path)))));
  return h('section', { class: 'card' },
    h('h2', {}, 'What trains', ...(Object.keys(stateWords) as RowState[]).map((state) => key(state, stateWords[state]))),
    h('div', { class: 'scroll' }, h('table', { class: 'stages' }, heads, ...stages.map((stage, i) => h('tbody', { 'aria-label': `Stage ${bare(stage.name)}` },
      h('tr', {}, h('th', { scope: 'rowgroup', colspan: Math.max(1, blocks.length) }, h('div', { class: 'stage' }, stageName(stage.name, i, stages.length > 1 ? chosen : undefined, send), h('span', { class: 'dim' }, stage.words), h('span', { class: 'dim costs' }, costsText(stage, costs?.stages[i]))))),
      h('tr', {}, ...stage.blocks.map((block, b) => cell(blocks[b]!, block))))))));
}

/** The only stage is a name; one of several can be chosen. */
function stageName(name: string, i: number, chosen: number | undefined, send: Send): HTMLElement {
  if (chosen === undefined) return h('bdi', {}, bare(name));
  return h('button', { class: 'choice', 'data-key': `stage ${i}`, 'aria-pressed': String(i === chosen), title: 'Cuts below, and the Layers view, are of this stage', onclick: () => send({ type: 'choose-stage', stage: i }) }, h('bdi', {}, bare(name)));
}

/** "1.0 M train · 0.14 s an epoch · 1.0 GiB · 882 KiB of cache · BN stored". */
const costsText = ({ trainedParameters, batchNorm }: PreviewStage, cost: Prediction | undefined): string => [
  `${count(trainedParameters)} train`,
  ...cost ? [`${shortTime(cost.epochMs)} an epoch`, bytes(cost.peakBytes), cost.cacheBytes > 0 ? `${bytes(cost.cacheBytes)} of cache` : 'no cache'] : [],
  `BN ${batchNorm}`,
].join(' · ');

function cell(path: string, { state, training, layers }: PreviewBlock): HTMLElement {
  const words = state === 'partly' ? `${training} of ${layers} layers train` : stateWords[state];
  return h('td', { class: state, title: `${path}: ${words}` }, h('span', { class: 'unseen' }, words));
}

/** Every cut from the head down: seconds and memory as bars, a click writes it. Nothing while costs are unknown. */
export function cutsView({ blocks, costs, stages }: PlanPreview, stage: number, broken: boolean, send: Send): HTMLElement[] {
  if (!costs || costs.cuts.length === 0) return [];
  const most = (of: (cut: CutPrediction) => number): number => Math.max(...costs.cuts.map(of));
  const [slowest, largest] = [most(({ epochMs }) => epochMs), most(({ peakBytes }) => peakBytes)];
  const { name } = stages[stage]!, now = blocks[cutOf(stages[stage]!)], isNow = ({ path }: CutPrediction): boolean => path === now;
  const fill = (share: number, kind: string): HTMLElement => {
    const bar = h('span', { class: `fill ${kind}`, 'aria-hidden': 'true' });
    bar.style.setProperty('--share', String(share));
    return bar;
  };
  return [h('section', { class: 'card' },
    h('h2', {}, 'Where to cut', key('stage', 'an epoch'), key('memory', 'memory'), h('span', { class: 'note' }, stages.length > 1 ? `Choose one to train from there up in “${bare(name)}”.` : 'Choose one to train from there up.')),
    h('div', { class: 'cuts', role: 'group', 'aria-label': `Freeze cuts of ${bare(name)}` }, ...[...costs.cuts].reverse().map((cut) => h('button', {
      class: isNow(cut) ? 'cut now' : 'cut', 'data-key': `cut ${cut.path}`, 'aria-pressed': String(isNow(cut)), disabled: broken,
      'aria-label': `Train from ${cut.path}: ${shortTime(cut.epochMs)} an epoch, ${bytes(cut.peakBytes)} of memory, ${count(cut.trainedParameters)} parameters${isNow(cut) ? ', as it is' : ''}`,
      onclick: () => send({ type: 'cut', stage, path: cut.path }),
    },
    h('span', { class: 'name' }, cut.path), h('span', { class: 'dim num' }, count(cut.trainedParameters)),
    fill(cut.epochMs / slowest, 'stage'), h('span', { class: 'num' }, shortTime(cut.epochMs)),
    fill(cut.peakBytes / largest, 'memory'), h('span', { class: 'num' }, bytes(cut.peakBytes))))))];
}

/** Index of the block that a stage trains from when it is a cut: all behind it trains, nothing before it does. Else -1. */
function cutOf({ blocks }: PreviewStage): number {
  const first = blocks.findIndex(({ state }) => state === 'trained' || state === 'partly');
  return blocks.slice(first).every(({ state }) => state === 'trained') ? first : -1;
}

export function valuesView(values: readonly PlanValue[]): HTMLElement {
  return h('div', { class: 'scroll' }, h('table', { class: 'rows values' },
    h('thead', {}, h('tr', {}, ...['key', 'value', 'from'].map((name) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, ...values.map(({ path, text, origin }) => h('tr', origin === 'default' ? { class: 'dim' } : {}, h('th', { scope: 'row' }, path), h('td', {}, h('bdi', {}, bare(text))), h('td', {}, origin))))));
}
