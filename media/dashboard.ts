import type { FromPage, ToPage } from '../src/protocol/pageMessages.ts';
import { pageProtocol } from '../src/protocol/pageMessages.ts';
import { parseToPage } from '../src/protocol/guards.ts';
import { percent } from '../src/base/units.ts';
import { scoreName } from '../src/protocol/wording.ts';
import { answersView, differingView, mistakesView } from './results.ts';
import { calibrationView, transferView } from './insight.ts';
import { curvesOf, type Curves } from './curves.ts';
import { dataView, epochsView, systemView } from './details.ts';
import { onThemeChange, readTheme } from './theme.ts';
import { adviceCard, failuresCard, verdictCard, watchCard } from './verdictCard.ts';
import { sweepCard } from './sweepCard.ts';
import { apply, shown, type PageState } from './store.ts';
import { curveChart } from './chart.ts';
import { reliabilityChart } from './reliabilityChart.ts';
import { header } from './header.ts';
import { registerComponents } from './toolkit.ts';
import { h } from './dom.ts';

/** The dashboard page: messages → state (store.ts) → what is drawn, at most once per frame. */
declare function acquireVsCodeApi(): { postMessage(message: FromPage): void; setState(state: { runId: string }): void };

const host = acquireVsCodeApi();
const send = (message: FromPage): void => host.postMessage(message);
window.addEventListener('error', ({ message }) => send({ type: 'page-error', message }));
window.addEventListener('unhandledrejection', ({ reason }) => send({ type: 'page-error', message: String(reason) }));
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => send({ type: 'page-error', message: `CSP ${violatedDirective}: ${blockedURI}` }));
registerComponents();

const top = header(send);
const spoken = (name: string): string => `${name} by epoch; the same numbers stand under Epochs`;
const [lossCanvas, accuracyCanvas, rateCanvas] = ['Loss', 'Accuracy', 'Learning rate'].map((name) => h('canvas', { role: 'img', 'aria-label': spoken(name) }));
const lossTitle = h('h2'), accuracyTitle = h('h2'), side = h('div', { class: 'stack side' }), together = h('div', { class: 'together' });
const panels = tabs(['Mistakes', 'Fixed and Broken', 'Confusion', 'Calibration', 'Transfer', 'Data', 'Epochs', 'System']);
const page = [
  top.node,
  h('div', { class: 'grid' },
    h('div', { class: 'stack' },
      h('section', { class: 'card' }, lossTitle, h('div', { class: 'chart' }, lossCanvas)),
      h('div', { class: 'pair' },
        h('section', { class: 'card' }, accuracyTitle, h('div', { class: 'chart small' }, accuracyCanvas)),
        h('section', { class: 'card' }, h('h2', {}, 'Learning rate'), h('div', { class: 'chart small' }, rateCanvas)))),
    side),
  together,
  panels.node,
];
const reliabilityCanvas = h('canvas', { role: 'img', 'aria-label': 'How often the network is right, over how sure it said to be; in words beside it' });
const theme = readTheme();
const charts = {
  loss: curveChart({ canvas: lossCanvas!, format: (value) => value.toFixed(2), min: 0 }, theme),
  accuracy: curveChart({ canvas: accuracyCanvas!, format: (value) => isOfNumbers() ? signedNumber(value) : percent(value, 0), min: 0, max: 1 }, theme),
  rate: curveChart({ canvas: rateCanvas!, format: (value) => value === 0 ? '0' : value.toExponential(0), min: 0 }, theme),
};
const reliability = reliabilityChart(reliabilityCanvas, theme);
onThemeChange((next) => [...Object.values(charts), reliability].forEach((chart) => chart.setTheme(next)));

let state: PageState | undefined;
let frame = 0;
window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  const message: ToPage | undefined = messageOf(data);
  if (!message) return;
  state = apply(state, message);
  if (message.type === 'snapshot') host.setState({ runId: message.run.manifest.id }); // whose page this is, after a window reload
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    if (state) draw(shown(state));
  });
});
root().replaceChildren(h('p', { class: 'empty' }, 'Reading the run …'));
send({ type: 'ready', protocol: pageProtocol });

function draw(current: PageState): void {
  if (!page[0]!.isConnected) root().replaceChildren(...page);
  const curves = curvesOf(current);
  top.update(current);
  drawCharts(curves);
  const { run, results } = current;
  side.replaceChildren(...[problemCard(current), failuresCard(current), verdictCard(current, send), adviceCard(current, send), watchCard(current)].filter((card) => card !== undefined));
  const sweep = sweepCard(current, send);
  together.replaceChildren(...sweep ? [sweep] : []);
  const pending = (): HTMLElement => h('p', { class: 'empty' }, run.state.endedAt ? 'The run ended before it was tested.' : 'Comes when the run is trained and tested.');
  panels.fill('Mistakes', results, () => results ? mistakesView(results, send) : pending(), results && !results.numbers ? String(results.mistaken) : undefined, results?.numbers ? 'Farthest Off' : 'Mistakes');
  panels.fill('Fixed and Broken', results ?? run.state.verdict, () => results?.differing ? differingView(results.differing, results, send) : results && run.state.verdict ? h('p', { class: 'empty' }, 'No control was compared item by item.') : pending(), undefined, results?.numbers ? 'Nearer and Farther' : 'Fixed and Broken');
  panels.fill('Confusion', results, () => results ? answersView(results) : pending(), undefined, results?.labels ? 'Labels' : results?.numbers ? 'Numbers' : 'Confusion');
  const { calibration, transfer } = run.state;
  panels.fill('Calibration', calibration, () => {
    if (!calibration) return run.state.transfer ? h('p', { class: 'empty' }, 'Of tasks with one class per image only.') : pending();
    reliability.update(calibration);
    return calibrationView(calibration, reliabilityCanvas);
  });
  panels.fill('Transfer', transfer, () => transfer ? transferView(transfer) : pending());
  const { hints = [] } = current, { data, warnings } = run.state;
  panels.fill('Data', `${data ? 'read' : ''} ${warnings.length} ${hints.length}`, () => dataView(run.state, hints, send), hints.length > 0 ? String(hints.length) : undefined);
  panels.fill('Epochs', run.state.validationLoss, () => epochsView(run.state));
  panels.fill('System', run.state.engine, () => systemView(current));
}

function drawCharts({ loss, accuracy, rate, bands, lastEpoch, mostLoss, watch }: Curves): void {
  charts.loss.update({ curves: loss, bands, lastEpoch, most: mostLoss });
  charts.accuracy.update({ curves: accuracy, bands, lastEpoch, most: 1, least: isOfNumbers() ? Math.max(-1, lowestOf(accuracy)) : 0, watch }); // an R² can lie below any axis: what is under −1 says no more
  charts.rate.update({ curves: rate, bands, lastEpoch });
  const key = (kind: string, words: string, title?: string): HTMLElement => h('span', { class: `key ${kind}`, title }, words);
  const keys = (curves: Curves['loss']): HTMLElement[] => curves.filter(({ kind }) => kind !== 'best').map(({ name, kind }) => key(kind === 'random-features' ? 'control' : kind, name));
  lossTitle.replaceChildren('Loss', ...keys(loss));
  const name = scoreName(state?.run.state.data?.task), title = `${name[0]!.toUpperCase()}${name.slice(1)}`;
  const words = watch && `Shaded, around the best that “${watch.control}” had by then: the 95 % interval of its lead over the best of the run. A run in it may be level, one below it is behind.`;
  accuracyTitle.replaceChildren(title, ...keys(accuracy), ...watch ? [key('interval', '95 % interval of the lead', words)] : []);
  accuracyCanvas!.setAttribute('aria-label', [spoken(title), words].filter(Boolean).join('. '));
}

const isOfNumbers = (): boolean => state?.run.state.data?.task === 'image-regression';
const lowestOf = (curves: Curves['accuracy']): number => Math.floor(5 * Math.min(0, ...curves.flatMap(({ points }) => points.map(({ y }) => y)).filter(Number.isFinite))) / 5;
const signedNumber = (value: number): string => value.toFixed(1).replace('-', '−');

function problemCard({ run: { state: { problem } } }: PageState): HTMLElement | undefined {
  return problem && h('section', { class: 'card problem', role: 'alert' }, h('b', {}, problem.message), problem.fix && h('p', { class: 'note' }, problem.fix));
}

interface Tabs {
  readonly node: HTMLElement;
  /** Redraws a panel when `source` is another value than last time. */
  fill(name: string, source: unknown, view: () => HTMLElement, badge?: string, title?: string): void;
}

interface Panel {
  readonly tab: HTMLElement;
  readonly view: HTMLElement;
  /** What it was drawn from. */
  source: unknown;
}

function tabs(names: readonly string[]): Tabs {
  const each = new Map(names.map((name): [string, Panel] => [name, { tab: h('vscode-panel-tab', { id: `tab-${idOf(name)}` }, name), view: h('vscode-panel-view', { id: `view-${idOf(name)}` }), source: Symbol('never drawn') }]));
  const all = [...each.values()];
  return {
    node: h('vscode-panels', { 'aria-label': 'Details of the run' }, ...all.map(({ tab }) => tab), ...all.map(({ view }) => view)),
    fill: (name, source, view, badge, title = name) => {
      const panel = each.get(name)!;
      if (panel.source === source) return;
      panel.source = source;
      panel.view.replaceChildren(view());
      panel.tab.textContent = badge ? `${title} ${badge}` : title;
      panel.tab.setAttribute('aria-label', panel.tab.textContent); // the component has made one of its first text
    },
  };
}

function idOf(name: string): string {
  return name.replaceAll(' ', '-');
}

function messageOf(data: unknown): ToPage | undefined {
  const parsed = parseToPage(data);
  if (parsed.ok) return parsed.value;
  send({ type: 'page-error', message: `message refused: ${parsed.note}` });
  return undefined;
}

function root(): HTMLElement {
  return document.getElementById('page')!;
}
