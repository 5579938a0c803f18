import { formatJson } from '../protocol/jsonText.ts';
import type { Options } from '../terminal/arguments.ts';
import { clipped } from '../terminal/fit.ts';
import type { Paint } from '../terminal/paint.ts';
import { ink, terminal } from './output.ts';

/** Long work with a line of progress that lives, ended by Ctrl+C: then undefined. */
export async function withLiveLine<T>(options: Options, work: (say: (line: string) => void, signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const { live, columns } = terminal(options), interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  try {
    return await work((line) => {
      if (live) process.stdout.write(`\r\u001b[2K${clipped(line, columns - 1)}`);
    }, interrupt.signal);
  } catch (error) {
    if (interrupt.signal.aborted) return undefined;
    throw error;
  } finally {
    if (live) process.stdout.write('\r\u001b[2K');
  }
}

/** Progress as a line of JSON for programs, or as words. */
export const telling = <P extends object>({ json }: Options, say: (line: string) => void, lineOf: (progress: P, paint: Paint) => string) => (progress: P): void => {
  if (json) process.stdout.write(`${formatJson({ type: 'progress', ...progress })}\n`);
  else say(lineOf(progress, ink));
};
