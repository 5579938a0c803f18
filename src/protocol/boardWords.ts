import type { Board, BoardRow } from './board.ts';

/** What stands around a board's numbers, on the page and in the terminal. */
export interface BoardWords {
  /** What was measured. */
  readonly scale: string;
  /** That several share the first place, where they do. */
  readonly ties?: string;
  /** What the scores cannot say. */
  readonly limits: string;
}

export function boardWords({ images, found, classes, rows }: Pick<Board, 'images' | 'found' | 'classes' | 'rows'>): BoardWords {
  const first = rows.filter(({ place }) => place === 1).length;
  return {
    scale: `${images.toLocaleString('en')}${images < found ? ` of ${found.toLocaleString('en')}` : ''} photos, ${classes} classes: how many a linear probe on the features gets right, each photo left out of its own judgement. Chance is about ${Math.round(100 / Math.max(1, classes))} %.`,
    ...(first > 1 && { ties: `These photos cannot tell the first ${first} apart: size, speed and licence may decide.` }),
    limits: 'This is about features as they are. A backbone that is behind here can be ahead once its layers are thawed; a difference within the intervals is none.',
  };
}

/** Behind which backbones a word of warning stands: the same network with random weights does as well. */
export const isNoBetterThanRandom = ({ gain }: Pick<BoardRow, 'gain'>): boolean => gain.low <= 0;

/** What each score is, and what it can and cannot say. */
export const scoreHelp: readonly { readonly name: string; readonly says: string }[] = [
  { name: 'Linear probe', says: 'Share of photos that a linear classifier on the features gets right, each photo left out. The nearest to what training the head alone will reach; it says nothing about layers that are thawed. Interval: Wilson, 95 %.' },
  { name: 'Random weights', says: 'The same probe on the same network without its training. What the pretrained one has above this is what its pretraining is worth here.' },
  { name: 'kNN', says: 'Share of photos whose five nearest others vote for their class. Shows whether classes already lie together without any fitting; suffers more from directions that do not matter.' },
  { name: 'LogME', says: 'How probable the labels are under a linear model, nats per photo and class, higher is better. Good at ordering backbones on the same photos; means nothing between folders.' },
  { name: 'H-score', says: 'How much of the variance of the features lies between classes, 0 to classes − 1. Only for ordering, as LogME; with fewer photos than features it comes close to its end for all of them.' },
  { name: 'LEEP', says: 'How well the backbone’s own source classes tell yours apart, nats, 0 at best. Only where the weights brought their head; only between backbones of the same source classes.' },
];
