import { appendFileSync, readFileSync } from 'node:fs';
import type { Diagnostic } from '../protocol/diagnostic.ts';
import type { RunFolder } from './runFolder.ts';
import { either, fields, flag, type Guard, list, oneOf, parsed, text } from '../protocol/shape.ts';
import { nowAt } from '../base/clock.ts';
import { unless } from './systemError.ts';

/** control.jsonl: what a trainer is told to do, one order per line. It looks there by itself; nobody needs to reach it. */
export type Order = { readonly at: string } & (StopOrder | LayersOrder);

/** Finish the step, keep a checkpoint, end. */
export interface StopOrder {
  readonly order: 'stop';
}

/** From the next epoch on, these layers train, or are frozen. */
export interface LayersOrder {
  readonly order: 'layers';
  readonly ticks: readonly { readonly path: string; readonly trains: boolean }[];
  readonly from: 'tree' | 'command line';
}

export const giveOrder = (run: RunFolder, order: StopOrder | LayersOrder): void =>
  appendFileSync(run.control, `${JSON.stringify({ at: nowAt(), ...order } satisfies Order)}\n`);

/** Whether the trainer was told to stop. */
export const stopOrdered = (run: RunFolder): boolean => ordersOf(run).some(({ order }) => order === 'stop');

/** All changes of layers so far, in their order. */
export const layersOrdered = (run: RunFolder): readonly LayersOrder[] => ordersOf(run).filter((each) => each.order === 'layers');

/** Of changes for which no epoch is left to end. Those of the tree stand in the experiment file already. */
export function tooLate({ ticks, from }: LayersOrder, severity: Diagnostic['severity']): Diagnostic {
  const layers = [...new Set(ticks.map(({ path }) => path))].join(', ');
  return {
    code: 'too-late', severity, message: `it was too late to change ${layers} in this run: it trains no more`,
    fix: from === 'tree' ? 'the experiment file has the change, for the next run' : 'change the experiment, and run it again',
  };
}

/** Orders of a newer Thaw, and a line that is just being written, are passed over. */
function ordersOf(run: RunFolder): readonly Order[] {
  const lines = unless(['ENOENT'], () => readFileSync(run.control, 'utf8'))?.split('\n') ?? [];
  return lines.flatMap((line) => {
    try {
      const read = parsed(order, JSON.parse(line));
      return read.ok ? [read.value] : [];
    } catch {
      return [];
    }
  });
}

const order: Guard<Order> = either(
  fields<Order & StopOrder>({ at: text, order: oneOf('stop') }),
  fields<Order & LayersOrder>({ at: text, order: oneOf('layers'), ticks: list(fields<LayersOrder['ticks'][number]>({ path: text, trains: flag })), from: oneOf('tree', 'command line') }),
);
