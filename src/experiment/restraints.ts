import type { RegularizePlan } from './plan.ts';

export const isRestrained = ({ l2sp, delta, bss, lwf }: RegularizePlan): boolean => l2sp + delta + bss + lwf > 0;

/** Whether the source network has to run beside the one that trains. */
export const runsSource = ({ delta, lwf }: RegularizePlan): boolean => delta + lwf > 0;
