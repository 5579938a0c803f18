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

/** Orders given so far, oldest first; lines of a newer Thaw, and a line that is just being written, are passed over. */
export function readOrders(run: RunFolder): readonly Order[] {
  const lines = unless(['ENOENT'], () => readFileSync(run.control, 'utf8'))?.split('\n') ?? [];
  return lines.flatMap((line) => {
    try {
      const order = parsed(orderShape, JSON.parse(line));
      return order.ok ? [order.value] : [];
    } catch {
      return [];
    }
  });
}

const orderShape = fields<Order>({ at: text, order: oneOf('stop') });
