import type { FollowedRun, PageState } from './store.ts';
import type { RunState } from '../src/protocol/reduceRun.ts';
import { diagnosticText } from '../src/protocol/diagnostic.ts';
import { count as short, threadsText } from '../src/base/units.ts';
import { learntText, measuredText, photosIn, scoreName, scoreText } from '../src/protocol/wording.ts';
import type { FromPage, PageHint } from '../src/protocol/pageMessages.ts';
import { bare, h } from './dom.ts';

/** What was trained on, what was left out and why. */
export function dataView({ data, warnings }: RunState, hints: readonly PageHint[], send: (message: FromPage) => void): HTMLElement {
  if (!data) return h('p', { class: 'empty' }, 'The folder has not been read yet.');
  const photos = photosIn(data);
  return h('div', { class: 'stack' },
    h('p', { class: 'note' }, `Images ${learntText(data)}: ${photos.train} to train on, ${photos.validation} to validate, ${photos.test} to test. Split: ${data.splitBy}.${data.subset === undefined ? '' : ` Used: ${data.subset}.`}${data.duplicateGroups > 0 ? ` ${data.duplicateGroups} groups of (near-)duplicates are kept together.` : ''}`),
    data.task !== 'image-regression' && h('div', { class: 'scroll' }, h('table', { class: 'rows' },
      h('thead', {}, h('tr', {}, ...[data.task === 'image-multi-label' ? 'label' : 'class', 'train', 'validation', 'test'].map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, ...data.classes.map((name, i) => h('tr', {}, h('th', { scope: 'row' }, h('bdi', {}, bare(name))), ...[data.train, data.validation, data.test].map((counts) => h('td', {}, String(counts[i] ?? 0)))))))),
    ...counted('Left out', data.leftOut), ...counted('Converted', data.converted),
    hints.length > 0 && h('section', { 'aria-label': 'Labels to look at' },
      h('h3', {}, `Labels to look at: ${hints.length} ${hints.length === 1 ? 'photo looks' : 'photos look'} like another class to the backbone, which may be wrong`),
      h('div', { class: 'mistakes hints' }, ...hints.map((hint) => hinted(hint, send)))),
    h('div', { class: 'log' }, ...warnings.filter(({ code }) => hints.length === 0 || code !== 'suspicious-label').map((diagnostic) => h('div', { class: diagnostic.severity }, diagnosticText(diagnostic)))));
}

/** A picture that opens its file, and what is odd about its label. */
function hinted({ path, thumbnail, words }: PageHint, send: (message: FromPage) => void): HTMLElement {
  return h('button', { class: 'mistake', title: bare(path), 'aria-label': `${bare(path)}: ${bare(words)}. Open the file.`, onclick: () => send({ type: 'open-file', path }) },
    h('img', { src: thumbnail, alt: '', loading: 'lazy', decoding: 'async' }),
    h('span', { class: 'file' }, h('bdi', {}, bare(path))), h('span', { class: 'dim' }, bare(words)));
}

function counted(title: string, counts: Readonly<Record<string, number>>): HTMLElement[] {
  const entries = Object.entries(counts);
  return entries.length === 0 ? [] : [h('p', {}, `${title}: ${entries.map(([code, n]) => `${n} ${code}`).join(', ')}`)];
}

/** The machine, the engine and its rivals, the plan in brief. */
export function systemView({ run, controls }: PageState): HTMLElement {
  const { state, manifest } = run;
  const { engine, planned } = state;
  const rows: [string, string][] = [
    ['Run', manifest.id], ['Started', manifest.createdAt], ['Backbone', manifest.backbone], ['Folder', bare(manifest.dataFolder)],
    ...(engine ? [
      ['Trains on', `${engine.title}, ${engine.device.toUpperCase()}, ${threadsText(engine.threads)}`], ['Why', engine.why],
      ['Frozen layers', engine.prefix ?? 'the same engine'], ['Node', engine.node],
      ['Engines tried', engine.tried.map(({ name, ok, stepMs, why }) => `${name}: ${ok ? `${stepMs?.toFixed(1) ?? '?'} ms per timed step` : why ?? 'no'}`).join(' · ')],
    ] satisfies [string, string][] : []),
    ...(planned?.stages ?? []).map(({ name, trains, epochs, rate, trainedParameters }): [string, string] =>
      [`Stage “${name}”`, `trains ${trains.join(', ')} (${short(trainedParameters)} parameters), ${epochs} epochs, rate ${rate}`]),
    ...(state.measured ? [['Measured', measuredText(state.measured)]] satisfies [string, string][] : []),
    ...controls.map(({ manifest: control }: FollowedRun): [string, string] => ['Control run', control.id]),
    ['Versions', Object.entries(manifest.versions).map(([name, version]) => `${name} ${version}`).join(', ')],
  ];
  return h('dl', { class: 'facts' }, ...rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}

/** Validation after every epoch, as numbers: what the charts draw, for reading and for screen readers. */
export function epochsView({ validationLoss, validationAccuracy, best, planned, data }: RunState): HTMLElement {
  const perEpoch = planned?.stepsPerEpoch ?? 1;
  const { x, y: losses } = validationLoss.buffer, { y: accuracies } = validationAccuracy.buffer;
  return h('div', { class: 'scroll' }, h('table', { class: 'rows' },
    h('thead', {}, h('tr', {}, ...['epoch', 'step', 'validation loss', `validation ${scoreName(data?.task)}`, ''].map((name) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, ...Array.from({ length: validationLoss.length }, (_, i) => h('tr', {},
      h('td', {}, (x[i]! / perEpoch).toFixed(0)), h('td', {}, String(x[i]!)), h('td', {}, losses[i]!.toFixed(4)), h('td', {}, scoreText(accuracies[i]!, data?.task).replace('R² ', '')), h('td', {}, best?.step === x[i] ? 'kept' : ''))))));
}
