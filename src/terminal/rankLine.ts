import type { RankProgress } from '../protocol/board.ts';
import { about } from '../base/units.ts';
import { visible } from '../protocol/diagnostic.ts';
import type { Paint } from './paint.ts';

/** `2 of 5  ResNet-18 (a1_in1k)  312 of 500 photos · 18 s left`. */
export const rankLine = ({ doing, nth, of, done, total, leftMs }: RankProgress, { bold, dim }: Paint): string =>
  `${dim(`${nth} of ${of}`)}  ${bold(visible(doing))}  ${done} of ${total} photos${leftMs === undefined ? '' : ` · ${about(leftMs)} left`}`;
