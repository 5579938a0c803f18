import { resolve } from 'node:path';
import type { Plan } from '../experiment/plan.ts';
import { formatJson } from '../protocol/jsonText.ts';
import { initialRun, reduceRun } from '../protocol/reduceRun.ts';
import type { RunEvent } from '../protocol/runEvent.ts';
import type { Options } from '../terminal/arguments.ts';
import { clipped } from '../terminal/fit.ts';
import { liveLine } from '../terminal/liveLine.ts';
import { rateTable } from '../terminal/rateTable.ts';
import { exitCodes } from '../trainer/child/exit.ts';
import { experimentAt } from './experimentAt.ts';
import { ink, print, terminal, warn, wrongUsage } from './output.ts';
import { engineOf } from './overrides.ts';
import { homeOf, hostOf } from './places.ts';
import { refused, valueOf } from './problems.ts';

/** Tries learning rates on a stage; the result is kept for the editor, too. */
export async function lr([file]: readonly string[], options: Options): Promise<number> {
  if (file === undefined) return wrongUsage('thaw lr <file.thaw.yaml> [--stage <name | number>]');
  const path = resolve(file), { plan } = valueOf(await experimentAt(path, options)), stage = stageNamed(plan, options.stage, file);
  const screen = terminal(options), interrupt = new AbortController(), wipe = (): void => { if (screen.live) screen.write('\r\u001b[2K'); };
  process.once('SIGINT', () => interrupt.abort());
  let state = initialRun({ status: 'queued' });
  const onEvent = (event: RunEvent): void => {
    state = reduceRun(state, event);
    wipe();
    if (options.json) process.stdout.write(`${formatJson(event)}\n`);
    else if (event.type === 'warning' && event.diagnostic.severity !== 'information') warn(event.diagnostic);
    if (screen.live) screen.write(clipped(liveLine(state, undefined, ink), screen.columns - 1));
  };
  try {
    const engine = options.engine === undefined ? undefined : engineOf(options.engine);
    const test = valueOf(await hostOf(homeOf(path, options)).findRate(path, stage, { engine, signal: interrupt.signal, onEvent }));
    wipe();
    return print(options.json ? formatJson(test) : rateTable(test, screen.columns, ink));
  } catch (error) {
    wipe();
    if (interrupt.signal.aborted) return exitCodes.stopped;
    throw error;
  }
}

/** By its name, or counted from 1; left out: the last, which trains most. */
function stageNamed({ stages }: Plan, wanted: string | undefined, file: string): number {
  if (wanted === undefined) return stages.length - 1;
  const named = stages.findIndex(({ name }) => name === wanted), found = named >= 0 ? named : Number(wanted) - 1;
  if (stages[found]) return found;
  throw refused('out-of-range', `there is no stage ${JSON.stringify(wanted)}`, file, `one of: ${stages.map(({ name }, i) => `${name} (${i + 1})`).join(', ')}`);
}
