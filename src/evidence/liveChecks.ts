import { percent } from '../base/units.ts';
import type { Diagnostic } from '../protocol/diagnostic.ts';
import type { RunFact, StageFacts } from '../protocol/runEvent.ts';

/**
 * Runs that come to nothing, seen while they train, from the facts that go into the journal anyway. Each is said once.
 * - *Not learning*: a quarter of the way is gone, and on validation neither accuracy nor loss is better than the best answer
 *   that does not look at the photo. Both, since with unequal classes accuracy can stand still while a network learns.
 * - *One class*: likewise a quarter gone, and every validation item is called the same.
 * - *Frozen ceiling*: only the head trains, its rate is still up, and the training loss has stopped falling at more than half
 *   of what a blind guess has: what is missing is not in the frozen features. (A loss that stops low is a fit, not a ceiling;
 *   under a rate near 0 every loss stops.)
 * A loss that is no number ends the run by itself (trainer/child/stages/trainProgress.ts); dead units take a look at activations
 * (deadUnits.ts).
 */
export class LiveChecks {
  readonly #blindAccuracy: number;
  /** Nats: the entropy of the training classes. */
  readonly #blindLoss: number;
  readonly #classes: number;
  readonly #said = new Set<Diagnostic['code']>();
  #planned: { readonly stages: readonly StageFacts[]; readonly totalSteps: number } | undefined;
  #stage: StageFacts | undefined;
  #bestAccuracy = 0;
  #bestLoss = Infinity;
  #rate = 0;
  #sum = { loss: 0, count: 0 };
  /** Mean training loss of each epoch of the stage. */
  #epochs: number[] = [];

  /** Items per class. */
  constructor({ train, validation }: { readonly train: readonly number[]; readonly validation: readonly number[] }) {
    const total = sumOf(train), most = train.indexOf(Math.max(...train));
    this.#blindAccuracy = (validation[most] ?? 0) / Math.max(1, sumOf(validation));
    this.#blindLoss = train.reduce((sum, n) => n === 0 ? sum : sum - n / total * Math.log(n / total), 0);
    this.#classes = validation.filter((n) => n > 0).length;
  }

  /** What there is to say after `fact`. */
  see(fact: RunFact): readonly Diagnostic[] {
    switch (fact.type) {
      case 'planned': this.#planned = fact; return [];
      case 'stage': {
        this.#stage = this.#planned?.stages[fact.stage];
        this.#epochs = [];
        return [];
      }
      case 'step': {
        this.#rate = fact.rate;
        this.#sum = { loss: this.#sum.loss + fact.loss, count: this.#sum.count + 1 };
        return [];
      }
      case 'evaluated': return this.#evaluated(fact).filter(({ code }) => !this.#said.has(code)).map((diagnostic) => {
        this.#said.add(diagnostic.code);
        return diagnostic;
      });
      default: return [];
    }
  }

  #evaluated({ step, loss, accuracy, predictedClasses }: RunFact & { readonly type: 'evaluated' }): Diagnostic[] {
    this.#bestAccuracy = Math.max(this.#bestAccuracy, accuracy);
    this.#bestLoss = Math.min(this.#bestLoss, loss);
    if (this.#sum.count > 0) this.#epochs.push(this.#sum.loss / this.#sum.count);
    this.#sum = { loss: 0, count: 0 };
    const isQuarter = step > 0 && this.#planned !== undefined && step >= this.#planned.totalSteps / 4, found: Diagnostic[] = [];
    if (isQuarter && this.#bestAccuracy <= this.#blindAccuracy && this.#bestLoss > 0.98 * this.#blindLoss) {
      found.push({
        code: 'not-learning', severity: 'warning',
        message: `nothing is learnt so far: at step ${step} of ${this.#planned!.totalSteps}, validation accuracy has reached ${percent(this.#bestAccuracy)}, and always naming the most frequent class gives ${percent(this.#blindAccuracy)}`,
        fix: 'try ten times the rate, or a tenth of it, and look whether the labels are right',
      });
    } else if (isQuarter && predictedClasses === 1 && this.#classes > 1) {
      found.push({
        code: 'one-class-predictions', severity: 'warning',
        message: `at step ${step} all validation photos are called the same class`,
        fix: 'lower the rate; where one class has most of the photos, even them out',
      });
    }
    return [...found, ...this.#ceiling()];
  }

  #ceiling(): Diagnostic[] {
    const stage = this.#stage, epochs = this.#epochs, { length } = epochs;
    if (!stage || stage.trains.join() !== 'head' || length < 2 * stillEpochs || this.#rate < 0.3 * stage.rate) return [];
    const before = Math.min(...epochs.slice(0, -stillEpochs)), now = Math.min(...epochs.slice(-stillEpochs));
    if (now < 0.99 * before || now < 0.5 * this.#blindLoss) return [];
    return [{
      code: 'frozen-ceiling', severity: 'warning',
      message: `the training loss has stayed at ${now.toFixed(2)} for ${stillEpochs} epochs while only the head trains (a blind guess has ${this.#blindLoss.toFixed(2)}): the frozen features tell these classes apart no better`,
      fix: 'thaw the blocks next to the head: tick them in Layers',
    }];
  }
}

/** Without a hundredth of progress, at a rate that would make some. */
const stillEpochs = 5;

const sumOf = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
