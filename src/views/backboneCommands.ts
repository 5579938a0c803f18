import * as vscode from 'vscode';
import { bundledBackbones } from '../backbones/backbones.ts';
import { parseBackboneName } from '../backbones/backboneName.ts';
import { about, bytes } from '../base/units.ts';
import type { Commands } from '../contributions.ts';
import type { FetchedModel } from '../protocol/answers.ts';
import { Refused, type Diagnostic } from '../protocol/diagnostic.ts';
import { parseFetchedModel, parseInstallProgress } from '../protocol/guards.ts';
import type { BackboneModel } from './backboneModel.ts';
import type { Homes } from './homes.ts';
import type { Log } from './log.ts';
import { plain } from './plainText.ts';
import { trusted } from './trust.ts';

/** Hundreds of megabytes over a slow line; what has come by then is kept. */
const fetchTimeoutMs = 6 * 3_600_000;

/** *Add Backbone…* and *Remove Backbone*: the trainer fetches, this asks and shows. */
export class BackboneCommands {
  readonly #homes: Homes;
  readonly #backbones: BackboneModel;
  readonly #log: Log;

  constructor(homes: Homes, backbones: BackboneModel, log: Log) {
    this.#homes = homes;
    this.#backbones = backbones;
    this.#log = log;
  }

  add: Commands['thaw.addBackbone'] = async (given) => {
    if (!await trusted('Fetching a backbone')) return;
    const name = typeof given === 'string' ? given : await vscode.window.showInputBox({
      title: 'Add Backbone', placeHolder: 'hf:timm/resnet50.a1_in1k', prompt: 'A repository on a hub, with its weights as safetensors; @revision behind it for another than the newest.',
      ignoreFocusOut: true, validateInput: (text) => problemOf(text.trim()),
    });
    if (!name) return;
    const { title, sizeBytes, licence } = await this.#ask(`Fetching ${name.trim()}`, ['add', name.trim()]);
    void vscode.window.showInformationMessage(plain(`${title} is here: ${bytes(sizeBytes)}, licence ${licence}. Write \`backbone: ${name.trim()}\` in an experiment to use it.`));
  };

  remove: Commands['thaw.removeBackbone'] = async (target) => {
    const rows = this.#backbones.rows().filter(({ fetched }) => fetched);
    const name = target?.name ?? (await vscode.window.showQuickPick(rows.map((row) => ({ label: plain(row.name), description: plain(row.description), name: row.name })), { placeHolder: 'The backbone to remove from the cache' }))?.name;
    if (!name) return;
    const yes = 'Remove', detail = 'Its weights are deleted from the cache. Experiments that name it fetch them again; runs that were trained on it cannot predict until then.';
    if (await vscode.window.showWarningMessage(`Remove ${plain(name)}?`, { modal: true, detail }, yes) === yes) await this.#ask(`Removing ${name}`, ['remove', name]);
  };

  async #ask(title: string, args: readonly string[]): Promise<FetchedModel> {
    return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: plain(title), cancellable: true }, async (progress, token) => {
      const cancelled = new AbortController();
      token.onCancellationRequested(() => cancelled.abort());
      try {
        const answer = await this.#homes.any().ask('models', args, { signal: cancelled.signal, timeoutMs: fetchTimeoutMs, onProgress: progressIn(progress) });
        if (!answer.ok) throw new Refused(answer.errors);
        this.#warn(answer.warnings);
        const parsed = parseFetchedModel(answer.value);
        if (parsed.ok) return parsed.value;
        throw new Refused([{ code: 'internal-error', severity: 'error', message: `the trainer answered something else: ${parsed.note}` }]);
      } finally {
        this.#backbones.changed();
      }
    });
  }

  #warn(warnings: readonly Diagnostic[]): void {
    for (const { message } of warnings) {
      this.#log.warn(message);
      void vscode.window.showWarningMessage(plain(message));
    }
  }
}

/** The line and the bar of a notification. */
function progressIn(progress: vscode.Progress<{ readonly message?: string; readonly increment?: number }>): (value: unknown) => void {
  let shown = 0;
  return (value) => {
    const told = parseInstallProgress(value);
    if (!told.ok) return;
    const { doneBytes, totalBytes, leftMs } = told.value, share = 100 * doneBytes / Math.max(1, totalBytes);
    progress.report({ message: `${bytes(doneBytes)} of ${bytes(totalBytes)}${leftMs === undefined ? '' : `, ${about(leftMs)} left`}`, increment: Math.max(0, share - shown) });
    shown = Math.max(shown, share);
  };
}

/** Of a name that is being typed; undefined: it may be one. */
function problemOf(text: string): string | undefined {
  if (text === '') return undefined;
  const name = parseBackboneName(text), found = bundledBackbones.find(text);
  if (name.ok && name.value.kind !== 'hub') return 'Write hf:owner/name.';
  return found.ok ? undefined : found.errors.map(({ message, fix }) => `${message}${fix ? `: ${fix}` : ''}`).join(' ');
}
