import { nearness } from './regression.ts';

/** What an item is and what was said of it: classes, sets of labels, or a number each. */
export interface Answer {
  readonly truth: readonly number[];
  readonly said: readonly number[];
}

/** How right answers are, item by item: 1 or 0 (of several labels, all of them count), or with a `spread` how near their numbers come. */
export const rightOf = (answers: readonly Answer[], spread?: number): number[] =>
  answers.map(({ truth, said }) => spread === undefined ? Number(truth.join() === said.join()) : nearness(truth[0]!, said[0]!, spread));
