import type { BoardRow, BoardScores } from '../src/protocol/board.ts';
import type { BoardState, FromBoard } from '../src/protocol/boardPage.ts';
import { about, bytes, percent, shortTime } from '../src/base/units.ts';
import { boardWords, isNoBetterThanRandom, scoreHelp } from '../src/protocol/boardWords.ts';
import { parseToBoard } from '../src/protocol/guards.ts';
import { bare, h, svg } from './dom.ts';
import { registerComponents } from './toolkit.ts';

/** The page of a board: one row per backbone, the best first; rows come in as they are measured. */
declare function acquireVsCodeApi(): { postMessage(message: FromBoard): void; setState(state: { folder: string }): void };

const host = acquireVsCodeApi();
const send = (message: FromBoard): void => host.postMessage(message);
window.addEventListener('error', ({ message }) => send({ type: 'page-error', message }));
window.addEventListener('unhandledrejection', ({ reason }) => send({ type: 'page-error', message: String(reason) }));
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => send({ type: 'page-error', message: `CSP ${violatedDirective}: ${blockedURI}` }));
registerComponents();

const root = document.getElementById('page')!;
const live = h('p', { class: 'dim', role: 'status' }), bar = h('div');
let drawn = '';
window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  const message = parseToBoard(data);
  if (!message.ok) return send({ type: 'page-error', message: `message refused: ${message.note}` });
  const { state } = message.value;
  host.setState({ folder: state.folder });
  drawProgress(state);
  const { progress: _, ...rest } = state, shown = JSON.stringify(rest);
  if (shown === drawn) return; // a button that is being pressed stays where it is
  drawn = shown;
  root.replaceChildren(...page(state));
});
root.replaceChildren(h('p', { class: 'empty' }, 'Reading the board …'));
send({ type: 'ready' });

function drawProgress({ progress, running, board }: BoardState): void {
  const done = progress ? (progress.nth - 1 + progress.done / Math.max(1, progress.total)) / progress.of : running ? 0 : 1;
  bar.style.transform = `scaleX(${done})`;
  if (progress) live.textContent = `${progress.nth} of ${progress.of}: ${bare(progress.doing)} · ${progress.done} of ${progress.total} photos${progress.leftMs === undefined ? '' : ` · ${about(progress.leftMs)} left`}`;
  else live.textContent = running ? 'Looking at the folder …' : board ? `Measured ${board.at.slice(0, 16).replace('T', ' ')} UTC` : '';
}

function page(state: BoardState): HTMLElement[] {
  const { board, running, problem } = state, name = state.folder.split(/[\\/]/).filter(Boolean).at(-1) ?? state.folder;
  const button = running ? h('vscode-button', { appearance: 'secondary', onclick: () => send({ type: 'cancel' }) }, 'Cancel') : h('vscode-button', { appearance: 'secondary', onclick: () => send({ type: 'measure' }) }, 'Measure Again');
  const words = board && board.rows.length > 0 ? boardWords(board) : undefined;
  return [
    h('header', {}, h('h1', {}, 'Backbones for ', h('bdi', {}, bare(name))), h('div', { class: 'status' }, live), h('div', { class: 'buttons' }, button)),
    h('div', { class: running ? 'bar' : 'bar idle' }, bar),
    ...problem ? [h('section', { class: 'card problem', role: 'alert' }, h('b', {}, problem.message), problem.fix && h('p', { class: 'note' }, problem.fix))] : [],
    ...board && words ? [
      h('section', { class: 'card' }, h('p', {}, words.scale), words.ties && h('p', { class: 'tie-note' }, words.ties), h('div', { class: 'scroll' }, tableOf(state, board.rows)), h('p', { class: 'note' }, words.limits)),
    ] : running || problem ? [] : [h('p', { class: 'empty' }, 'Nothing was measured yet.')],
    ...board?.failed.length ? [h('section', { class: 'card' }, h('h2', {}, 'Not measured'), ...board.failed.map(({ name: backbone, problem: why }) => h('p', {}, h('b', {}, bare(backbone)), ` · ${bare(why.message)}`)))] : [],
    h('section', { class: 'card' }, h('h2', {}, 'What the scores can and cannot say'), h('dl', { class: 'facts' }, ...scoreHelp.flatMap(({ name: score, says }) => [h('dt', {}, score), h('dd', {}, says)]))),
  ];
}

function tableOf({ experiment }: BoardState, rows: readonly BoardRow[]): HTMLElement {
  const heads = ['', 'Backbone', h('span', { class: 'key random' }, 'random weights'), 'Linear probe', 'kNN', 'LogME', 'H-score', 'LEEP', 'Size, time', ''];
  return h('table', { class: 'board' },
    h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', {}, ...rows.map((row, i) => h('tr', {},
      ...rows[i - 1]?.place === row.place ? [] : [placeCell(row)],
      h('th', { scope: 'row' }, h('b', {}, bare(row.title)), h('div', { class: 'dim path' }, bare(row.name)), isNoBetterThanRandom(row) && h('div', { class: 'warn' }, 'no better than random weights here')),
      h('td', { class: 'bars' }, barOf(row)),
      ...numbersOf(row.scores).map((own, column) => pairCell(own, numbersOf(row.random)[column]!)),
      h('td', { class: 'num' }, row.scores.leep?.toFixed(2) ?? '–'),
      pairCell(`${bytes(row.sizeBytes)} · ${shortTime(1000 * row.seconds)}`, bare(row.licence)),
      h('td', {}, experiment?.backbone === row.name ? h('span', { class: 'dim' }, 'in use') : h('vscode-button', {
        appearance: i === 0 ? 'primary' : 'secondary', 'aria-label': `Use ${bare(row.title)}`, title: experiment ? `Writes it into ${bare(experiment.file)}; undo works` : 'Fine-tune this folder with it',
        onclick: () => send({ type: 'use', name: row.name }),
      }, experiment ? 'Use\u00a0This' : 'Fine\u2011Tune')))))); // one line: the toolkit lets its buttons wrap
}

const numbersOf = ({ probe, knn, logMe, hScore }: BoardScores): string[] => [percent(probe.value), percent(knn.value), logMe.toFixed(3), hScore.toFixed(2)];

/** Of the backbone, and below it of the same network with random weights. */
const pairCell = (own: string, below: string): HTMLElement => h('td', { class: 'num' }, own, h('div', { class: 'dim' }, below));

/** One cell over all that share the place: the bracket of a tie. */
const placeCell = ({ place, sharedBy }: BoardRow): HTMLElement => sharedBy === 1 ? h('td', { class: 'place' }, String(place))
  : h('td', { class: 'place tie', rowspan: sharedBy, title: `These photos cannot tell the ${sharedBy} apart` }, String(place), h('div', { class: 'dim' }, 'tie'));

/** Probe with its interval as a bar, the random network's as a mark in it. */
function barOf({ scores: { probe }, random, title }: BoardRow): SVGElement {
  const at = (share: number): string => `${(100 * share).toFixed(2)}%`;
  return svg('svg', { role: 'img', 'aria-label': `${bare(title)}: ${percent(probe.value)}, 95 % interval ${percent(probe.low)} to ${percent(probe.high)}; random weights ${percent(random.probe.value)}` },
    svg('rect', { class: 'track', x: 0, y: 5, width: '100%', height: 10, rx: 2 }),
    svg('rect', { class: 'filled', x: 0, y: 5, width: at(probe.value), height: 10, rx: 2 }),
    svg('line', { class: 'interval', x1: at(probe.low), x2: at(probe.high), y1: 10, y2: 10 }),
    ...[probe.low, probe.high].map((end) => svg('line', { class: 'interval', x1: at(end), x2: at(end), y1: 6, y2: 14 })),
    svg('line', { class: 'random', x1: at(random.probe.value), x2: at(random.probe.value), y1: 2, y2: 18 }));
}
