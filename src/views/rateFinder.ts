import * as vscode from 'vscode';
import type { Commands } from '../contributions.ts';
import { Refused } from '../protocol/diagnostic.ts';
import { initialRun, reduceRun, type RunState } from '../protocol/reduceRun.ts';
import { engineNamed } from '../protocol/runEvent.ts';
import { about } from '../base/units.ts';
import { activityText } from '../protocol/wording.ts';
import type { ActiveExperimentModel } from './activeExperiment.ts';
import { isExperiment } from './experiments.ts';
import type { Homes } from './homes.ts';
import { plain } from './plainText.ts';
import type { RatePanels } from './ratePanel.ts';
import { trusted } from './trust.ts';

/** *Find Learning Rate*: a test of one stage, with its progress in a notification that can call it off, and its page. */
export class RateFinder {
  readonly #homes: Homes;
  readonly #experiment: ActiveExperimentModel;
  readonly #panels: RatePanels;

  constructor(homes: Homes, experiment: ActiveExperimentModel, panels: RatePanels) {
    this.#homes = homes;
    this.#experiment = experiment;
    this.#panels = panels;
  }

  /** Of the file as it stands in the editor: unsaved changes are saved first, as before a run. */
  run: Commands['thaw.findRate'] = async (experiment, stage) => {
    const document = vscode.window.activeTextEditor?.document;
    const uri = experiment ?? (document && isExperiment(document) ? document.uri : this.#experiment.active?.uri);
    if (!uri) {
      await this.#experiment.choose();
      return undefined;
    }
    if (!await trusted('Training')) return undefined;
    await this.#experiment.activate(uri);
    const index = typeof stage === 'number' ? stage : this.#experiment.active?.stage ?? 0, name = this.#experiment.active?.plan?.stages[index]?.name ?? '';
    await vscode.workspace.textDocuments.find((open) => open.uri.toString() === uri.toString())?.save();
    const title = plain(`Finding the learning rate of ${name}`);
    return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (progress, token) => {
      const cancelled = new AbortController();
      token.onCancellationRequested(() => cancelled.abort());
      let state = initialRun({ status: 'queued' });
      progress.report({ message: wordsOf(state) });
      const tested = await this.#homes.hostOf(uri).findRate(uri.fsPath, index, {
        engine: engineNamed(vscode.workspace.getConfiguration('thaw').get('engine')), signal: cancelled.signal,
        onEvent: (event) => {
          state = reduceRun(state, event);
          progress.report({ message: wordsOf(state) });
        },
      });
      if (!tested.ok) throw new Refused(tested.errors);
      await this.#panels.show(tested.value);
      return tested.value;
    });
  };
}

function wordsOf({ status, progress, etaMs, planned, stages }: RunState): string {
  const stage = planned?.stages[stages.at(-1)?.stage ?? 0];
  const what = progress ? activityText(progress) : status === 'training' && stage ? `Training ${stage.name}, which comes before` : status === 'queued' ? 'Starts when nothing else trains here' : 'Starting';
  return plain(etaMs === undefined ? what : `${what}, ${about(etaMs)} left`);
}
