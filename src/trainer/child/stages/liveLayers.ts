import type { Network } from '../../../backbones/op.ts';
import type { Origins, Plan, StagePlan } from '../../../experiment/plan.ts';
import type { TrainerRun } from '../runWriter.ts';
import { atomicWrite } from '../../../runs/atomicWrite.ts';
import { changedList, changeOf } from '../../../experiment/trainList.ts';
import { formatResolved } from '../../../experiment/format.ts';
import { layersOrdered, tooLate, type LayersOrder } from '../../../runs/control.ts';
import { leaveStage, leaveStageOrigins, type Left } from '../../../experiment/leaveStage.ts';
import { matchPatterns } from '../../../backbones/freezePlan.ts';

/** Layers thawed and frozen while the run trains: orders become a stage of the plan, which plan.resolved.yaml then says. */
export class LiveLayers {
  readonly #run: Pick<TrainerRun, 'folder' | 'append'>;
  readonly #network: Network;
  #plan: Plan;
  #origins: Origins;
  #taken = 0;

  constructor(run: Pick<TrainerRun, 'folder' | 'append'>, network: Network, plan: Plan, origins: Origins) {
    this.#run = run;
    this.#network = network;
    this.#plan = plan;
    this.#origins = origins;
  }

  /** The stages from now on, when something was ordered that changes what trains; asked where stage `index` could be left. */
  changed(index: number, left: Left): { readonly stages: readonly StagePlan[]; readonly origin: LayersOrder['from'] } | undefined {
    const { train, name } = this.#plan.stages[index]!, order = this.#ordered();
    if (!order) return undefined;
    const change = changeOf(this.#network, train, order.ticks);
    if (typeof change === 'string') return this.#refused('pattern-matches-nothing', `no layer ${JSON.stringify(change)} in ${this.#network.name}`, name);
    const wanted = changedList(change), before = matchPatterns(this.#network, train).trained, after = matchPatterns(this.#network, wanted).trained;
    if (after.size === 0) return this.#refused('nothing-trains', 'nothing would train any more', name);
    if (after.size === before.size && [...after].every((parameter) => before.has(parameter))) return undefined;
    const origin = order.from;
    this.#plan = { ...this.#plan, stages: leaveStage(this.#plan.stages, index, left, wanted, after.size > before.size ? 'thawed' : 'frozen') };
    this.#origins = leaveStageOrigins(this.#origins, index, origin);
    atomicWrite(this.#run.folder.resolvedPlan, formatResolved(this.#plan, this.#origins));
    return { stages: this.#plan.stages, origin };
  }

  /** Says of what was ordered since that it came too late. To be called once the manifest says that the run trains no more: see TrainerHost.changeLayers. */
  end(): void {
    const order = this.#ordered();
    if (order) this.#run.append({ type: 'warning', diagnostic: tooLate(order, 'warning') });
  }

  /** What was ordered since this was asked last, as one order. */
  #ordered(): LayersOrder | undefined {
    const orders = layersOrdered(this.#run.folder).slice(this.#taken), last = orders.at(-1);
    this.#taken += orders.length;
    return last && { ...last, ticks: orders.flatMap(({ ticks }) => ticks) };
  }

  #refused(code: 'pattern-matches-nothing' | 'nothing-trains', message: string, stage: string): undefined {
    this.#run.append({ type: 'warning', diagnostic: { code, severity: 'warning', message: `${message}: the order to change layers is passed over, and stage "${stage}" goes on` } });
  }
}
