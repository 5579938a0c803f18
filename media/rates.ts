import type { FromRates, ToRates } from '../src/protocol/pageMessages.ts';
import { parseToRates } from '../src/protocol/guards.ts';
import { rateText, readingOf, suggestionsOf, type Suggested } from '../src/protocol/rateWords.ts';
import { onThemeChange, readTheme } from './theme.ts';
import { rateChart } from './rateChart.ts';
import { registerComponents } from './toolkit.ts';
import { h, setText } from './dom.ts';

/** The page of a learning-rate test: the curve, what it suggests, and one click that writes a rate into the file. */
declare function acquireVsCodeApi(): { postMessage(message: FromRates): void; setState(state: { file: string; stage: number }): void };

const host = acquireVsCodeApi();
const send = (message: FromRates): void => host.postMessage(message);
window.addEventListener('error', ({ message }) => send({ type: 'page-error', message }));
window.addEventListener('unhandledrejection', ({ reason }) => send({ type: 'page-error', message: String(reason) }));
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => send({ type: 'page-error', message: `CSP ${violatedDirective}: ${blockedURI}` }));
registerComponents();

const title = h('h1'), status = h('div', { class: 'status', role: 'status' }), reading = h('p'), choices = h('div', { class: 'choices' });
const canvas = h('canvas', { role: 'img' }), chart = rateChart(canvas, readTheme());
onThemeChange((theme) => chart.setTheme(theme));
const page = [
  h('header', {}, title, status, h('div', { class: 'buttons' },
    h('vscode-button', { appearance: 'secondary', onclick: () => send({ type: 'open-experiment' }) }, 'Experiment'),
    h('vscode-button', { appearance: 'secondary', onclick: () => send({ type: 'test-again' }) }, 'Test Again'))),
  h('section', { class: 'card' }, h('h2', {}, 'Loss by learning rate', h('span', { class: 'key run' }, 'smoothed'), h('span', { class: 'key control' }, 'today')), h('div', { class: 'chart rates' }, canvas)),
  h('section', { class: 'card' }, h('h2', {}, 'Suggestions'), choices, reading),
];

window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  const parsed = parseToRates(data);
  if (!parsed.ok) return send({ type: 'page-error', message: `message refused: ${parsed.note}` });
  const { test: { experimentFile, stage } } = parsed.value;
  host.setState({ file: experimentFile, stage: stage.index }); // whose page this is, after a window reload
  draw(parsed.value);
});
root().replaceChildren(h('p', { class: 'empty' }, 'Reading the test …'));
send({ type: 'ready' });

function draw({ test, rate }: ToRates): void {
  const { stage, rates, batch, images, engine } = test, suggestions = suggestionsOf(test), focused = (document.activeElement as HTMLElement | null)?.dataset['key'];
  if (!page[0]!.isConnected) root().replaceChildren(...page);
  setText(title, `Stage “${stage.name}”`);
  setText(status, `${rates.length} rates from ${rateText(rates[0]!)} to ${rateText(rates.at(-1)!)}, batches of ${batch} from ${images} photos, on ${engine}`);
  const today = rate === undefined ? [] : [{ name: 'today', rate, isToday: true }];
  chart.update(test, [...suggestions.map((each) => ({ name: each.name, rate: each.rate, isToday: false })), ...today]);
  canvas.setAttribute('aria-label', `Training loss by learning rate. ${suggestions.map(({ name, rate: suggested }) => `${name} ${rateText(suggested)}`).join(', ')}${rate === undefined ? '' : `, today ${rateText(rate)}`}.`);
  choices.replaceChildren(...suggestions.flatMap((each, i) => choice(each, rate, i === 0)));
  setText(reading, readingOf({ ...test, rate: rate ?? test.rate }));
  if (focused !== undefined) choices.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function choice({ name, rate, what }: Suggested, today: number | undefined, isUsual: boolean): readonly HTMLElement[] {
  const isSet = rate === today;
  const use = h('vscode-button', { 'data-key': name, appearance: isUsual ? 'primary' : 'secondary', disabled: isSet, onclick: () => send({ type: 'use-rate', rate }), 'aria-label': `Use ${rateText(rate)}, ${name}` }, isSet ? 'In the file' : `Use ${rateText(rate)}`);
  return [h('div', {}, h('b', {}, name), h('div', { class: 'note' }, what)), h('span', { class: 'value' }, rateText(rate)), use];
}

function root(): HTMLElement {
  return document.getElementById('page')!;
}
