import { appendFileSync, readFileSync } from 'node:fs';
import type { RunFolder } from './runFolder.ts';
import { fields, oneOf, parsed, text } from '../protocol/shape.ts';
import { nowAt } from '../base/clock.ts';
import { unless } from './systemError.ts';

/** control.jsonl: what a trainer is told to do, one order per line. It looks there by itself; nobody needs to reach it. */
export interface Order {
  readonly at: string;
  /** Finish the step, keep a checkpoint, end. */
  readonly order: 'stop';
}

export const giveOrder = (run: RunFolder, order: Order['order']): void =>
  appendFileSync(run.control, `${JSON.stringify({ at: nowAt(), order } satisfies Order)}\n`);

/** Whether the trainer was told to stop. Orders of a newer Thaw, and a line that is just being written, are passed over. */
export function stopOrdered(run: RunFolder): boolean {
  const lines = unless(['ENOENT'], () => readFileSync(run.control, 'utf8'))?.split('\n') ?? [];
  return lines.some((line) => {
    try {
      return parsed(stopOrder, JSON.parse(line)).ok;
    } catch {
      return false;
    }
  });
}

const stopOrder = fields<Order>({ at: text, order: oneOf('stop') });
