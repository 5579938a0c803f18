import { about, bytes, shortTime, threadsText } from '../base/units.ts';
import * as vscode from 'vscode';
import type { Commands } from '../contributions.ts';
import { Refused } from '../protocol/diagnostic.ts';
import type { EngineOffer, InstallProgress } from '../protocol/answers.ts';
import { parseEngineFacts, parseEngineOffers, parseInstalledEngine, parseInstallProgress } from '../protocol/guards.ts';
import type { EngineFacts, RungFacts } from '../protocol/runEvent.ts';
import type { Parsed } from '../protocol/shape.ts';
import type { Homes } from './homes.ts';
import type { Log } from './log.ts';
import { trusted } from './trust.ts';

/** Each rung that is tried passes a self-test of about a second. */
const diagnoseTimeoutMs = 120_000;
/** Some hundred megabytes over a slow line; with CUDA, gigabytes. */
const installTimeoutMs = 6 * 3_600_000;

interface EngineItem extends vscode.QuickPickItem {
  readonly install?: true;
}

/** *Diagnose Engines* and *Install Native Engine*: the trainer looks and installs, this shows. */
export class EngineCommands {
  readonly #homes: Homes;
  readonly #log: Log;

  constructor(homes: Homes, log: Log) {
    this.#homes = homes;
    this.#log = log;
  }

  diagnose: Commands['thaw.diagnoseEngines'] = async () => {
    if (!await trusted('Diagnosing engines')) return;
    const facts = await this.#ask('Testing engines', ['doctor'], diagnoseTimeoutMs, parseEngineFacts);
    const install: EngineItem[] = facts.advice === undefined ? [] : [{ label: '$(cloud-download) Install Native Engine', detail: facts.advice, install: true }];
    const chosen: EngineItem = { label: `$(check) ${facts.title}`, description: `${facts.device}, ${threadsText(facts.threads)}, Node ${facts.node}`, detail: facts.why };
    const items = [chosen, ...facts.tried.filter(({ name }) => name !== facts.name).map((rung) => rungItem(rung, facts)), ...gpuItems(facts), ...install];
    const choice = await vscode.window.showQuickPick(items, { title: 'Engines on this machine', placeHolder: 'The first row trains' });
    if (choice?.install) await vscode.commands.executeCommand('thaw.installEngine');
  };

  install: Commands['thaw.installEngine'] = async () => {
    if (!await trusted('Installing an engine')) return;
    const offer = await this.#chooseOffer();
    if (!offer) return;
    const args = ['install', ...offer.cuda ? ['--cuda'] : [], ...configuredSource()];
    const { title } = await this.#ask('Installing the native engine', ['engine', ...args], installTimeoutMs, parseInstalledEngine);
    void vscode.window.showInformationMessage(`${title} is installed. The next run uses it where it is fastest.`);
  };

  /** One is no question; beside one with CUDA, which is only offered where NVIDIA's driver is, the person is asked. */
  async #chooseOffer(): Promise<Pick<EngineOffer, 'cuda'> | undefined> {
    const offers = await this.#ask('Looking for a native engine', ['engine', 'offers'], diagnoseTimeoutMs, parseEngineOffers);
    const [first] = offers;
    if (!first?.cuda) return first ?? { cuda: false }; // without an offer, the installer says why
    const items = offers.map((offer) => ({
      label: offer.title, description: offer.installed ? 'installed' : '', offer,
      detail: `${offer.cuda ? 'For the NVIDIA GPU of this machine' : 'For the processor alone'}: up to ${bytes(offer.fetchBytes)} to fetch, ${bytes(offer.diskBytes)} on the disk`,
    }));
    return (await vscode.window.showQuickPick(items, { title: 'Install Native Engine' }))?.offer;
  }

  #ask<T>(title: string, [command, ...args]: readonly [string, ...string[]], timeoutMs: number, parse: (value: unknown) => Parsed<T>): Thenable<T> {
    return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (report, token) => {
      const cancelled = new AbortController();
      token.onCancellationRequested(() => cancelled.abort());
      const onProgress = progressIn(report);
      const answer = await this.#homes.any().ask(command, args, { signal: cancelled.signal, timeoutMs, ...(args[0] === 'install' && { onProgress }) });
      if (!answer.ok) throw new Refused(answer.errors);
      for (const { message } of answer.warnings) this.#log.warn(message);
      const parsed = parse(answer.value);
      if (parsed.ok) return parsed.value;
      throw new Refused([{ code: 'internal-error', severity: 'error', message: `the trainer answered something else: ${parsed.note}` }]);
    });
  }
}

/** An address, or something on this machine. */
function configuredSource(): string[] {
  const source = vscode.workspace.getConfiguration('thaw').get<string>('engineSource')?.trim();
  if (!source) return [];
  return [/^[a-z][a-z+.-]+:\/\//i.test(source) ? '--source' : '--from', source];
}

/** Lines of progress as VS Code's bar and message; a new activity begins the bar anew, which VS Code cannot: it stays full. */
function progressIn(bar: vscode.Progress<{ message?: string; increment?: number }>): (value: unknown) => void {
  let shownPercent = 0;
  return (value) => {
    const told = parseInstallProgress(value);
    if (!told.ok) return;
    const { doneBytes, totalBytes } = told.value, percent = 100 * doneBytes / Math.max(1, totalBytes);
    bar.report({ message: progressText(told.value), increment: Math.max(0, percent - shownPercent) });
    shownPercent = Math.max(shownPercent, percent);
  };
}

/** "fetching 125 MiB of 261 MiB · 12.3 MiB/s · 11 s left". */
const progressText = ({ activity, doneBytes, totalBytes, bytesPerSecond, leftMs }: InstallProgress): string =>
  [`${activity} ${bytes(doneBytes)} of ${bytes(totalBytes)}`, bytesPerSecond !== undefined && `${bytes(bytesPerSecond)}/s`, leftMs !== undefined && `${about(leftMs)} left`].filter(Boolean).join(' · ');

function gpuItems({ machine, timed, testsMs }: EngineFacts): EngineItem[] {
  if (!machine) return [];
  const { processor, cores, memoryBytes, gpus, cuda } = machine;
  const gpu = gpus.map(({ name, driver }) => driver === undefined ? name : `${name}, driver ${driver}`).join('; ') || 'no GPU was found';
  return [
    { label: `$(circuit-board) ${gpu}`, ...(cuda && { detail: `CUDA: ${cuda.seen}${cuda.fix === undefined ? '' : `: ${cuda.fix}`}` }) },
    { label: `$(server) ${processor}`, description: `${cores} cores, ${bytes(memoryBytes)}`, ...(timed !== undefined && { detail: `A step: ${timed}${testsMs === undefined ? '' : `; tests took ${shortTime(testsMs)}`}` }) },
  ];
}

function rungItem({ name, ok, stepMs, why }: RungFacts, { tried, name: chosen }: EngineFacts): EngineItem {
  const best = tried.find((rung) => rung.name === chosen)?.stepMs;
  const compared = ok && best !== undefined && stepMs !== undefined ? stepMs < best ? `${(best / stepMs).toFixed(1)} × faster, for this` : `${(stepMs / best).toFixed(1)} × slower` : undefined;
  const facts = [stepMs === undefined ? undefined : `${stepMs.toFixed(0)} ms a step`, compared].filter((part) => part !== undefined);
  return { label: `${ok ? '$(circle-outline)' : '$(circle-slash)'} ${name}`, description: facts.join(' · '), ...(why !== undefined && { detail: why }) };
}
