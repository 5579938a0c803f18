import type { FromPreview, ToPreview } from '../src/protocol/previewMessages.ts';
import { parseToPreview } from '../src/protocol/guards.ts';
import { cutsView, stagesView, timeLine, totalsText, valuesView } from './previewViews.ts';
import { h, setText } from './dom.ts';
import { registerComponents } from './toolkit.ts';

/** The page that previews a plan: what the extension host says last is drawn, whole; focus stays where it was. */
declare function acquireVsCodeApi(): { postMessage(message: FromPreview): void; setState(state: { file: string }): void };

const host = acquireVsCodeApi();
const send = (message: FromPreview): void => host.postMessage(message);
window.addEventListener('error', ({ message }) => send({ type: 'page-error', message }));
window.addEventListener('unhandledrejection', ({ reason }) => send({ type: 'page-error', message: String(reason) }));
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => send({ type: 'page-error', message: `CSP ${violatedDirective}: ${blockedURI}` }));
registerComponents();

const title = h('h1'), status = h('div', { class: 'status', role: 'status' });
const header = h('header', {}, title, status, h('div', { class: 'buttons' },
  h('vscode-button', { appearance: 'secondary', onclick: () => send({ type: 'open-file' }) }, 'Experiment'),
  h('vscode-button', { onclick: () => send({ type: 'run' }) }, 'Run')));
const broken = h('p', { class: 'card problem', role: 'status' });
const plan = h('div', { class: 'stack' }), values = h('div');
const details = h('details', { class: 'card' }, h('summary', {}, 'Every value, and where it came from'), values);

window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  const parsed = parseToPreview(data);
  if (!parsed.ok) return send({ type: 'page-error', message: `message refused: ${parsed.note}` });
  host.setState({ file: parsed.value.file }); // whose page this is, after a window reload
  draw(parsed.value);
});
root().replaceChildren(h('p', { class: 'empty' }, 'Reading the plan …'));
send({ type: 'ready' });

function draw({ preview, stage, broken: problem, unpredicted }: ToPreview): void {
  setText(broken, [problem, preview && problem && 'This is the last plan that could be read.'].filter(Boolean).join(' '));
  broken.hidden = problem === undefined;
  if (!preview) return root().replaceChildren(broken);
  const focused = (document.activeElement as HTMLElement | null)?.dataset['key'];
  setText(title, preview.title);
  setText(status, totalsText(preview));
  for (const part of [status, plan, details]) part.classList.toggle('stale', problem !== undefined);
  plan.replaceChildren(timeLine(preview, unpredicted), stagesView(preview, stage, send), ...cutsView(preview, stage, problem !== undefined, send));
  values.replaceChildren(valuesView(preview.values));
  if (!header.isConnected) root().replaceChildren(header, broken, plan, details);
  if (focused !== undefined) plan.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function root(): HTMLElement {
  return document.getElementById('page')!;
}
