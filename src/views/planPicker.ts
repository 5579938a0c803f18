import * as vscode from 'vscode';
import { about, bytes } from '../base/units.ts';
import type { PresetName } from '../experiment/presets.ts';
import type { Estimate } from '../protocol/answers.ts';
import { plain } from './plainText.ts';

/** What the person chose: a plan, and the time for its from-scratch control as it stands in an experiment file. */
export interface PlanChoice {
  readonly preset: PresetName;
  readonly scratchBudget: string;
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
  #scratchBudget: string;
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
    this.#pick.title = `Fine-tune on ${this.#folderName}: ${estimate.images.toLocaleString('en')} photos, ${estimate.classes} classes`;
    this.#settled(plain(estimate.why));
  }

  /** Nothing could be predicted: plans can be chosen all the same. */
  setUnknown(why: string): void {
    this.#settled(`No prediction: ${plain(why)}`);
  }

  /** Resolves with the choice; undefined when the person turned away. */
  async choose(): Promise<PlanChoice | undefined> {
    for (;;) {
      const item = await this.#accepted();
      if (!item) return undefined;
      if (item.preset) return { preset: item.preset, scratchBudget: this.#scratchBudget };
      if (item.install) await this.#install();
      else this.#scratchBudget = await askBudget(this.#scratchBudget);
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

  #settled(placeholder: string): void {
    this.#pick.placeholder = placeholder;
    this.#pick.busy = false;
    this.#draw();
  }

  #draw(): void {
    const active = this.#pick.activeItems[0]?.preset, moved = active !== undefined && active !== this.#pick.items[0]?.preset;
    const plans = this.#estimate ? this.#estimated(this.#estimate) : this.#offered.map(({ name, title, detail }) => ({ label: title, detail, preset: name }));
    this.#pick.items = [...plans, { label: 'Controls', kind: vscode.QuickPickItemKind.Separator }, this.#budgetItem(), ...this.#engineItems()];
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

  #budgetItem(): PlanItem {
    const seconds = this.#estimate?.plans[0]?.scratchSeconds;
    const time = this.#scratchBudget === 'auto' ? `as long as the run, at least a minute${seconds === undefined ? '' : ` (${about(seconds * 1000)})`}` : this.#scratchBudget;
    return {
      label: '$(watch) From-scratch control', description: time,
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

/** Asks for another budget; Escape keeps the one there is. */
async function askBudget(current: string): Promise<string> {
  const placeHolder = 'Time for the same network trained from random weights on the same photos';
  return (await vscode.window.showQuickPick(budgets, { title: 'From-scratch control', placeHolder }))?.budget ?? current;
}
