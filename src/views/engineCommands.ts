import { threadsText } from '../base/units.ts';
import * as vscode from 'vscode';
import type { Commands } from '../contributions.ts';
import { Refused } from '../protocol/diagnostic.ts';
import { parseEngineFacts, parseInstalledEngine } from '../protocol/guards.ts';
import type { EngineFacts, RungFacts } from '../protocol/runEvent.ts';
import type { Parsed } from '../protocol/shape.ts';
import type { Homes } from './homes.ts';
import type { Log } from './log.ts';
import { trusted } from './trust.ts';

/** Each rung that is tried passes a self-test of about a second. */
const diagnoseTimeoutMs = 120_000;
/** Some hundred megabytes over a slow line. */
const installTimeoutMs = 3_600_000;

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
    const items = [chosen, ...facts.tried.filter(({ name }) => name !== facts.name).map((rung) => rungItem(rung, facts)), ...install];
    const choice = await vscode.window.showQuickPick(items, { title: 'Engines on this machine', placeHolder: 'The first row trains' });
    if (choice?.install) await vscode.commands.executeCommand('thaw.installEngine');
  };

  install: Commands['thaw.installEngine'] = async () => {
    if (!await trusted('Installing an engine')) return;
    const { title } = await this.#ask('Installing the native engine', ['engine', 'install'], installTimeoutMs, parseInstalledEngine);
    void vscode.window.showInformationMessage(`${title} is installed. The next run uses it where it is fastest.`);
  };

  #ask<T>(title: string, [command, ...args]: readonly [string, ...string[]], timeoutMs: number, parse: (value: unknown) => Parsed<T>): Thenable<T> {
    return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (_, token) => {
      const cancelled = new AbortController();
      token.onCancellationRequested(() => cancelled.abort());
      const answer = await this.#homes.any().ask(command, args, { signal: cancelled.signal, timeoutMs });
      if (!answer.ok) throw new Refused(answer.errors);
      for (const { message } of answer.warnings) this.#log.warn(message);
      const parsed = parse(answer.value);
      if (parsed.ok) return parsed.value;
      throw new Refused([{ code: 'internal-error', severity: 'error', message: `the trainer answered something else: ${parsed.note}` }]);
    });
  }
}

function rungItem({ name, ok, stepMs, why }: RungFacts, { tried, name: chosen }: EngineFacts): EngineItem {
  const best = tried.find((rung) => rung.name === chosen)?.stepMs;
  const slower = ok && best !== undefined && stepMs !== undefined ? `${(stepMs / best).toFixed(1)} × slower` : undefined;
  const facts = [stepMs === undefined ? undefined : `${stepMs.toFixed(0)} ms a step`, slower].filter((part) => part !== undefined);
  return { label: `${ok ? '$(circle-outline)' : '$(circle-slash)'} ${name}`, description: facts.join(' · '), ...(why !== undefined && { detail: why }) };
}
