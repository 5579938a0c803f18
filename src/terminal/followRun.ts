import type { RunEvent } from '../protocol/runEvent.ts';
import type { RunManifest } from '../protocol/runManifest.ts';
import { initialRun, reduceRun, type RunState } from '../protocol/reduceRun.ts';
import { controlTitle, learntText, photosIn, scoreName, scoreSentence, scoreText } from '../protocol/wording.ts';
import { diagnosticText, visible } from '../protocol/diagnostic.ts';
import { endCard } from './endCard.ts';
import { clipped, wrapped } from './fit.ts';
import { liveLine } from './liveLine.ts';
import type { Followed } from '../protocol/behindControl.ts';
import { threadsText, stepsText } from '../base/units.ts';
import type { Paint } from './paint.ts';

/** A folder in a bad state has hundreds; a person reads a few. */
const mostWarnings = 12;

export interface Screen {
  readonly columns: number;
  /** A terminal that can rewrite its line; a pipe gets milestones only. */
  readonly live: boolean;
  write(text: string): void;
}

/** Shows a run in the terminal: a line that lives, milestones that stay, a card at the end. A fold like all other views. */
export class RunScreen {
  readonly #screen: Screen;
  readonly #paint: Paint;
  readonly #id: string;
  #run: RunState;
  #control: { readonly kind: string; readonly state: RunState } | undefined;
  readonly #earlier: Followed[] = [];
  #warnings = 0;

  constructor(manifest: RunManifest, screen: Screen, paint: Paint) {
    this.#id = manifest.id;
    this.#run = initialRun(manifest);
    this.#screen = screen;
    this.#paint = paint;
  }

  get state(): RunState {
    return this.#run;
  }

  onEvent(event: RunEvent): void {
    this.#run = reduceRun(this.#run, event);
    const text = this.#milestone(event);
    if (text !== undefined) this.#print(text);
    this.#redraw();
  }

  /** The control that runs now. */
  onControlEvent(manifest: RunManifest, event: RunEvent): void {
    const kind = manifest.control ?? '';
    const before = this.#control?.kind === kind ? this.#control.state : initialRun(manifest);
    this.#control = { kind, state: reduceRun(before, event) };
    if (!this.#screen.live && event.type === 'evaluated') this.#print(`  ${controlTitle(kind)}: step ${event.step}, validation ${scoreText(event.accuracy, this.#run.data?.task)}`);
    this.#redraw();
  }

  /** A stored control that the run is watched against while it trains. */
  watchAgainst(control: Followed): void {
    this.#earlier.push(control);
  }

  end(): void {
    this.#clear();
    const unsaid = this.#warnings - mostWarnings;
    if (unsaid > 0) this.#screen.write(this.#paint.dim(`${unsaid} more such remarks are in the run's journal.jsonl\n`));
    const card = endCard(this.#run, this.#id, this.#paint);
    if (card) this.#screen.write(`\n${wrapped(card, Math.min(100, this.#screen.columns))}\n`);
  }

  #milestone(event: RunEvent): string | undefined {
    const { dim, yellow, green } = this.#paint;
    switch (event.type) {
      case 'engine': return dim(`${event.engine.title}, ${event.engine.device.toUpperCase()}, ${threadsText(event.engine.threads)}: ${event.engine.why}`) + (event.engine.advice ? `\n${yellow(event.engine.advice)}` : '');
      case 'data': {
        const { leftOut, splitBy, subset } = event.data, { train, validation, test } = photosIn(event.data);
        const out = Object.entries(leftOut).map(([code, n]) => `${n} ${code}`).join(', ');
        return `${train + validation + test} images ${learntText(event.data)}: ${train} to train on, ${validation} to validate, ${test} to test (${splitBy})${subset === undefined ? '' : `\n${yellow(subset)}`}${out ? `\n${yellow(`left out: ${out}`)}` : ''}`;
      }
      case 'warning': {
        const { diagnostic } = event;
        if (diagnostic.code === 'control-continued' || diagnostic.code === 'run-continued') return dim(diagnostic.message); // what was begun before is asked for again
        return diagnostic.severity === 'information' || this.#warnings++ >= mostWarnings ? undefined : dim(diagnosticText(diagnostic));
      }
      case 'plan-changed': {
        const facts = event.stages[event.stage];
        return facts && dim(`layers changed from the ${event.origin}: ${facts.trains.map(visible).join(', ')} from the next epoch on`);
      }
      case 'stage': {
        const facts = this.#run.planned?.stages[event.stage];
        return facts && `${this.#paint.bold(visible(facts.name))}: ${facts.trains.join(', ')} ${facts.trains.length === 1 ? 'trains' : 'train'}, up to ${facts.epochs} epochs`;
      }
      case 'evaluated': return this.#screen.live || event.step === 0 ? undefined : `  epoch ${event.epoch.toFixed(0)}: validation loss ${event.loss.toFixed(3)}, ${scoreName(this.#run.data?.task)} ${scoreText(event.accuracy, this.#run.data?.task).replace('R² ', '')}${event.best ? ' (best)' : ''}`;
      case 'early-stop': return dim(`no better for ${event.patience} epochs: step ${event.bestStep} is kept`);
      case 'tested': return green(`trained: ${scoreSentence(event.accuracy, this.#run.data?.task)}`);
      case 'control': return `  ${controlTitle(event.control)}: ${scoreText(event.accuracy.value, this.#run.data?.task)}${event.matchedSteps !== undefined ? dim(` after ${stepsText(event.matchedSteps)}`) : ''}${event.reusedFrom !== undefined ? dim(` (reused from ${event.reusedFrom})`) : ''}`;
      default: return undefined;
    }
  }

  #print(text: string): void {
    this.#clear();
    this.#screen.write(`${text}\n`);
  }

  #redraw(): void {
    if (!this.#screen.live || this.#run.endedAt) return;
    this.#screen.write(`\r\u001b[2K${clipped(liveLine(this.#run, this.#control, this.#paint, this.#earlier), this.#screen.columns - 1)}`);
  }

  #clear(): void {
    if (this.#screen.live) this.#screen.write('\r\u001b[2K');
  }
}
