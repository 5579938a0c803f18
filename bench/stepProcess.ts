import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

interface Answer { readonly startMs?: number; readonly stepMs?: number; readonly peakBytes?: number }

/** A process that takes a step for each line, and answers in JSON. */
export class StepProcess {
  readonly stepsMs: number[] = [];
  startMs = 0;
  peakBytes = 0;
  readonly #ask: (line?: string) => Promise<Answer>;

  private constructor(ask: (line?: string) => Promise<Answer>) {
    this.#ask = ask;
  }

  static async start(command: string, args: readonly string[]): Promise<StepProcess> {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const answers: AsyncIterator<string, undefined> = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<Answer> => {
      const { value, done } = await answers.next();
      if (done) throw new Error(`${command} ${args.join(' ')} ended early`);
      return JSON.parse(value) as Answer;
    };
    const started = new StepProcess((line) => {
      if (line === undefined) child.stdin.end();
      else child.stdin.write(line);
      return next();
    });
    started.startMs = (await next()).startMs ?? 0;
    return started;
  }

  async step(counts: boolean): Promise<void> {
    const { stepMs } = await this.#ask('step\n');
    if (counts) this.stepsMs.push(stepMs!);
  }

  async end(): Promise<void> {
    this.peakBytes = (await this.#ask()).peakBytes!;
  }
}
