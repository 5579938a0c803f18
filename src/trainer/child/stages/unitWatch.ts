import type { Dataset } from '../photos/dataset.ts';
import type { FeatureSource } from '../features/featureSource.ts';
import { deadLayer, deadUnitsWarning } from '../../../evidence/deadUnits.ts';
import type { Diagnostic } from '../../../protocol/diagnostic.ts';
import { rectifiersOf, silentUnits, type SilentUnits } from '../../../engine/silentUnits.ts';
import type { TrainState } from '../../../engine/step.ts';

/** Validation photos that are looked at: few as a rule, more before anything is said. */
const few = 8, many = 64;
/** Of the rows that a stage has sent through the network, so many are looked at on top at the most. Rows of a small look cost two or three times those of a batch: some 1 % of the time in all (`npm run bench -- overhead`). */
const share = 0.005;

/**
 * Looks while a stage trains whether its units die: at its beginning, then after an epoch whenever what was looked at stays
 * within a two-hundredth of what was trained, and no more once it was said. A thawed network of few photos is looked at every
 * few epochs, a head alone, which has no rectifier, never.
 */
export class UnitWatch {
  readonly #state: TrainState;
  readonly #source: FeatureSource;
  readonly #dataset: Dataset;
  readonly #stage: string;
  readonly #rectifiers: ReadonlySet<string>;
  #before: SilentUnits | undefined;
  /** What the few photos are at the boundary: pixels are not decoded again. */
  #few: Float32Array | Uint8Array | undefined;
  #looked = 0;

  constructor(state: TrainState, source: FeatureSource, dataset: Dataset, stage: string) {
    this.#state = state;
    this.#source = source;
    this.#dataset = dataset;
    this.#stage = stage;
    this.#rectifiers = rectifiersOf(state);
  }

  async begin(): Promise<void> {
    if (this.#rectifiers.size === 0 || this.#dataset.rows.validation.length < few) return;
    for await (const x of this.#blocks(few)) this.#few = x;
    this.#before = await this.#silentOf(this.#few!);
  }

  /** What there is to say at `step`. trainedRows: that the stage has sent through the network, a training step's counted three times: its gradients cost twice its forward pass. */
  async look(step: number, trainedRows: number): Promise<Diagnostic | undefined> {
    const before = this.#before;
    if (!before || this.#looked + few > share * trainedRows || !deadLayer(before, await this.#silentOf(this.#few!))) return undefined;
    const rows = few * Math.floor(Math.min(many, this.#dataset.rows.validation.length) / few), found = deadLayer(before, await this.#silentAmong(rows));
    if (!found) return undefined;
    this.#before = undefined;
    return deadUnitsWarning(found, { step, stage: this.#stage, rows });
  }

  /** Of `few` rows. */
  #silentOf(x: Float32Array | Uint8Array): Promise<SilentUnits> {
    this.#looked += few;
    return silentUnits(this.#state, x, few, this.#rectifiers);
  }

  async #silentAmong(count: number): Promise<SilentUnits> {
    const silent = new Map<string, Uint8Array>();
    for await (const x of this.#blocks(count)) {
      for (const [name, units] of await this.#silentOf(x)) silent.set(name, units.map((each, i) => each & (silent.get(name)?.[i] ?? 1)));
    }
    return silent;
  }

  /** So many validation photos, a multiple of `few`, evenly spread since they stand class by class; few at once, for their activations take memory. */
  #blocks(count: number): AsyncGenerator<Float32Array | Uint8Array> {
    const { validation } = this.#dataset.rows;
    return this.#source.blocks(Array.from({ length: count }, (_, i) => ({ sample: validation[Math.floor(i * validation.length / count)]!, view: 'centre' })), few);
  }
}
