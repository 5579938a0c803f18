import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { Commands } from '../contributions.ts';
import type { Estimate } from '../protocol/answers.ts';
import type { Backbones } from '../backbones/backbones.ts';
import { type Checked, Refused } from '../protocol/diagnostic.ts';
import { parseEstimate } from '../protocol/guards.ts';
import type { Homes } from './homes.ts';
import { problemText } from './log.ts';
import { experimentBase } from '../experiment/manifestName.ts';
import { writeExperiment } from './newExperiment.ts';
import { trusted } from './trust.ts';

/** A folder of 100,000 files takes a while to count. */
const estimateTimeoutMs = 120_000;

/** *Fine-Tune This Folder*, or manifest: one question, one file beside it, one run. */
export class FineTune {
  readonly #homes: Homes;
  readonly #backbones: Backbones;

  constructor(homes: Homes, backbones: Backbones) {
    this.#homes = homes;
    this.#backbones = backbones;
  }

  run: Commands['thaw.fineTune'] = async (chosen, backbone) => {
    if (!await trusted('Fine-tuning')) return undefined;
    const folder = chosen ?? await askFolder('Fine-Tune');
    if (!folder) return undefined;
    const text = await this.#chooseText(folder, typeof backbone === 'string' ? backbone : undefined);
    const experiment = text === undefined ? undefined : await writeExperiment(folder.with({ path: experimentBase(folder.path) }), text);
    if (!experiment) return undefined;
    await vscode.window.showTextDocument(experiment.uri, { viewColumn: vscode.ViewColumn.One, preview: false });
    if (experiment.then === 'open') return undefined;
    return vscode.commands.executeCommand('thaw.startRun', experiment.uri);
  };

  /** The text of the experiment file for the plan that the person picks. Throws Refused when the folder cannot be trained on. */
  async #chooseText(folder: vscode.Uri, backbone: string | undefined): Promise<string | undefined> {
    const [{ experimentText, presets }, { becauseOf }, { PlanPicker }] = await Promise.all([import('../experiment/presets.ts'), import('../experiment/recommend.ts'), import('./planPicker.ts')]);
    const name = basename(folder.fsPath), looking = new AbortController();
    const budget = vscode.workspace.getConfiguration('thaw', folder).get<string>('scratchBudget') || 'auto';
    const look = (): Promise<void> => this.#estimate(folder, looking.signal).then((known) => {
      if (known.ok) picker.setEstimate(known.value);
      else picker.setUnknown(problemText(new Refused(known.errors)));
    });
    const picker = new PlanPicker(name, presets, budget, async () => {
      await vscode.commands.executeCommand('thaw.installEngine');
      await look();
    });
    const estimated = look();
    try {
      const choice = await Promise.race([picker.choose(), refusal(estimated)]);
      if (!choice) return undefined;
      const { estimate, budget } = choice, because = estimate && becauseOf(estimate, choice.preset);
      return experimentText(choice.preset, { folder: name, ...(estimate?.task && { task: estimate.task }), scratchBudget: choice.scratchBudget, ...(budget !== undefined && { budget }), ...(because && { because }), ...(backbone !== undefined && { backbone }), backbones: this.#backbones });
    } finally {
      looking.abort();
      picker.close();
    }
  }

  /** Throws Refused when the folder holds nothing that could be trained on: then nobody shall choose. */
  async #estimate(folder: vscode.Uri, signal: AbortSignal): Promise<Checked<Estimate>> {
    const answer = await this.#homes.hostOf(folder).ask('estimate', [folder.fsPath], { signal, timeoutMs: estimateTimeoutMs });
    if (!answer.ok) return answer;
    const estimate = parseEstimate(answer.value);
    const errors = estimate.ok ? estimate.value.problems.filter(({ severity }) => severity === 'error') : [];
    if (errors.length > 0) throw new Refused(errors);
    if (estimate.ok) return { ...answer, value: estimate.value };
    return { ok: false, warnings: [], errors: [{ code: 'internal-error', severity: 'error', message: `the trainer answered something else: ${estimate.note}` }] };
  }
}

/** Settles only when `work` fails: lost against in a race, its success decides nothing. */
const refusal = (work: Promise<void>): Promise<never> => work.then(() => new Promise<never>(() => undefined));

export async function askFolder(openLabel: string): Promise<vscode.Uri | undefined> {
  const picked = await vscode.window.showOpenDialog({ canSelectFolders: true, canSelectFiles: false, canSelectMany: false, openLabel, title: 'A folder with one subfolder of images per class' });
  return picked?.[0];
}
