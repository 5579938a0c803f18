import * as vscode from 'vscode';
import { about, bytes } from '../base/units.ts';
import { minutesOf } from '../experiment/duration.ts';
import type { PresetName } from '../experiment/presets.ts';
import { usualMinutes, withBudget } from '../experiment/recommend.ts';
import type { Estimate } from '../protocol/answers.ts';
import { photosText } from '../protocol/wording.ts';
import { plain } from './plainText.ts';

/** What the person chose: a plan, and the time for its from-scratch control as it stands in an experiment file. */
export interface PlanChoice {
  readonly preset: PresetName;
  readonly scratchBudget: string;
  /** Time that there is; left out: nobody said. */
  readonly budget?: string;
  /** What the choice was made by, when it was there in time. */
  readonly estimate?: Estimate;
}

/** A plan as it is offered before anything is known about the folder. */
export interface OfferedPlan {
  readonly name: PresetName;
  readonly title: string;
  readonly detail: string;
}

interface PlanItem extends vscode.QuickPickItem {
  readonly preset?: PresetName;
  readonly install?: true;
  readonly budget?: true;
}

/**
 * The one question of *Fine-Tune This Folder*. Enter takes the plan on top. Plans are there at once; what they cost
 * comes when the folder has been looked at, with the recommended plan first.
 */
export class PlanPicker {
  readonly #pick = vscode.window.createQuickPick<PlanItem>();
  readonly #offered: readonly OfferedPlan[];
  readonly #folderName: string;
  #estimate: Estimate | undefined;
  #unknown: string | undefined;
  #scratchBudget: string;
  #budget: string | undefined;
  readonly #install: () => Promise<void>;

  /** `install`: what the offer of a faster engine does; the estimate that it changes comes by `setEstimate`. */
  constructor(folderName: string, offered: readonly OfferedPlan[], scratchBudget: string, install: () => Promise<void>) {
    this.#install = install;
    this.#offered = offered;
    this.#scratchBudget = scratchBudget;
    this.#folderName = plain(folderName);
    this.#pick.title = `Fine-tune on ${this.#folderName}`;
    this.#pick.placeholder = 'Looking through the folder … Enter starts the plan on top.';
    this.#pick.busy = true;
    this.#pick.ignoreFocusOut = true;
    this.#draw();
  }

  /** What the folder holds and each plan would take. */
  setEstimate(estimate: Estimate): void {
    this.#estimate = estimate;
    this.#pick.title = `Fine-tune on ${this.#folderName}: ${photosText(estimate.images, estimate.classes, estimate.task)}`;
    this.#settled();
  }

  /** Nothing could be predicted: plans can be chosen all the same. */
  setUnknown(why: string): void {
    this.#unknown = `No prediction: ${plain(why)}`;
    this.#settled();
  }

  /** Resolves with the choice; undefined when the person turned away. */
  async choose(): Promise<PlanChoice | undefined> {
    for (;;) {
      const item = await this.#accepted();
      if (!item) return undefined;
      const estimate = this.#recommended();
      if (item.preset) return { preset: item.preset, scratchBudget: this.#scratchBudget, ...(this.#budget !== undefined && { budget: this.#budget }), ...(estimate && { estimate }) };
      if (item.install) await this.#install();
      else if (item.budget) this.#budget = await askTime(this.#budget);
      else this.#scratchBudget = await askScratchBudget(this.#scratchBudget);
      this.#draw();
    }
  }

  close(): void {
    this.#pick.dispose();
  }

  #accepted(): Promise<PlanItem | undefined> {
    return new Promise((resolve) => {
      const listeners = [
        this.#pick.onDidAccept(() => end(this.#pick.selectedItems[0])),
        this.#pick.onDidHide(() => end(undefined)),
      ];
      const end = (item: PlanItem | undefined): void => {
        for (const listener of listeners) listener.dispose();
        resolve(item);
      };
      this.#pick.show();
    });
  }

  /** With what is recommended for the time that there is. */
  #recommended(): Estimate | undefined {
    return this.#estimate && withBudget(this.#estimate, minutesOf(this.#budget ?? ''));
  }

  #settled(): void {
    this.#pick.busy = false;
    this.#draw();
  }

  #draw(): void {
    const estimate = this.#recommended();
    if (!this.#pick.busy) this.#pick.placeholder = estimate ? plain(estimate.why) : this.#unknown ?? '';
    const active = this.#pick.activeItems[0]?.preset, moved = active !== undefined && active !== this.#pick.items[0]?.preset;
    const plans = estimate ? this.#estimated(estimate) : this.#offered.map(({ name, title, detail }) => ({ label: title, detail, preset: name }));
    this.#pick.items = [...plans, { label: 'Time', kind: vscode.QuickPickItemKind.Separator }, this.#timeItem(), this.#scratchItem(), ...this.#engineItems()];
    const kept = this.#pick.items.find(({ preset }) => preset !== undefined && preset === active);
    if (moved && kept) this.#pick.activeItems = [kept]; // the person was faster than the estimate: leave the choice alone
  }

  #estimated({ plans }: Estimate): PlanItem[] {
    return plans.flatMap(({ preset, title, detail, seconds, peakBytes }, index) => {
      const offered = this.#offered.find(({ name }) => name === preset);
      const facts = [index === 0 ? 'recommended' : undefined, about(seconds * 1000), `${bytes(peakBytes)} of memory`].filter((part) => part !== undefined).join(' · ');
      return offered ? [{ label: plain(title), description: facts, detail: plain(detail), preset: offered.name }] : [];
    });
  }

  /** The plan that would gain most from the engine that could be installed, when that is much. */
  #engineItems(): PlanItem[] {
    const { offer, plans = [] } = this.#estimate ?? {};
    const [best] = plans.flatMap(({ title, seconds, offeredSeconds }) => offeredSeconds === undefined || seconds < worthwhile * offeredSeconds ? [] : [{ title, seconds, offeredSeconds }])
      .sort((a, b) => (b.seconds - b.offeredSeconds) - (a.seconds - a.offeredSeconds));
    if (!offer || !best) return [];
    return [{ label: 'Engine', kind: vscode.QuickPickItemKind.Separator }, {
      label: '$(cloud-download) Install Native Engine', description: `up to ${bytes(offer.fetchBytes)} to fetch`, install: true, alwaysShow: true,
      detail: `${plain(best.title)} would take ${about(best.offeredSeconds * 1000)} instead of ${about(best.seconds * 1000)}: ${(best.seconds / best.offeredSeconds).toFixed(1)} × faster with ${plain(offer.title)}.`,
    }];
  }

  #timeItem(): PlanItem {
    return {
      label: '$(clock) Time for training', description: this.#budget ?? `no limit; recommended is what takes at most ${usualMinutes} min`, budget: true, alwaysShow: true,
      detail: this.#budget === undefined ? 'Choose this row to say how much time there is: what is recommended fits it.' : 'What is recommended fits it, and training ends there. Choose this row to change it.',
    };
  }

  #scratchItem(): PlanItem {
    const { scratchSeconds: seconds, scratchBytes = 0 } = this.#recommended()?.plans[0] ?? {};
    const time = this.#scratchBudget === 'auto' ? `as long as the run, at least a minute${seconds === undefined ? '' : ` (${about(seconds * 1000)})`}` : this.#scratchBudget;
    const memory = this.#scratchBudget === 'off' || scratchBytes === 0 ? '' : ` · ${bytes(scratchBytes)} of memory`;
    return {
      label: '$(watch) From-scratch control', description: `${time}${memory}`,
      detail: this.#scratchBudget === 'off' ? 'Off: the verdict will say that it is missing. Choose this row to change it.' : 'Follows the run, for the verdict on transfer. Choose this row to change it.',
      alwaysShow: true,
    };
  }
}

/** Smaller gains are not worth a download. */
const worthwhile = 1.5;

const budgets: readonly (vscode.QuickPickItem & { readonly budget: string })[] = [
  { label: 'As long as the run', description: 'at least one minute', budget: 'auto' },
  ...['1 min', '5 min', '15 min', '1 h'].map((budget) => ({ label: budget, budget })),
  { label: 'Off', description: 'the verdict will say that this control is missing', budget: 'off' },
];

/** Asks how much time there is; Escape keeps what was said. */
async function askTime(current: string | undefined): Promise<string | undefined> {
  const items = [...['1 min', '5 min', '15 min', '1 h', '8 h'].map((label) => ({ label, budget: label })), { label: 'No limit', description: 'training goes on until it stops getting better', budget: undefined }];
  const chosen = await vscode.window.showQuickPick(items, { title: 'Time for training', placeHolder: 'The plan that is recommended fits it; training ends there with the best weights so far' });
  return chosen ? chosen.budget : current;
}

/** Asks for another budget; Escape keeps the one there is. */
async function askScratchBudget(current: string): Promise<string> {
  const placeHolder = 'Time for the same network trained from random weights on the same photos';
  return (await vscode.window.showQuickPick(budgets, { title: 'From-scratch control', placeHolder }))?.budget ?? current;
}
