import type { Origin, Origins, StagePlan } from './plan.ts';

/** Of the length of the stage that is left, the one that takes over gets what it had still to go, and at least this share: a thawed layer needs some. */
const leastShare = 1 / 4;

/** Where a stage is left: after so many passes and updates. */
export interface Left {
  readonly epochs: number;
  readonly steps: number;
}

/**
 * The stages after stage `index` is left, for one in which `train` trains: a stage of its own, which begins with the weights
 * as they stand, with the rate, the schedule and the warm-up of the one it follows. Run from the start, these stages do
 * the same again.
 */
export function leaveStage(stages: readonly StagePlan[], index: number, left: Left, train: readonly string[], word: 'thawed' | 'frozen'): readonly StagePlan[] {
  const stage = stages[index]!, name = `${stage.name.replace(/ (thawed|frozen)$/, '')} ${word}`;
  const rest = (whole: number, done: number): number => Math.max(whole - done, Math.ceil(whole * leastShare));
  const next: StagePlan = {
    ...stage, name, train, leaveAfter: 0, headStart: 'kept',
    epochs: rest(stage.epochs, stage.steps === 'auto' ? left.epochs : 0), steps: stage.steps === 'auto' ? 'auto' : rest(stage.steps, left.steps),
  };
  return [...stages.slice(0, index), { ...stage, leaveAfter: left.epochs }, next, ...stages.slice(index + 1)];
}

/** Where the values of those stages come from: what the change decided, from `origin`; the rest, from where it came before. */
export function leaveStageOrigins(origins: Origins, index: number, origin: Origin): Origins {
  const after = Object.entries(origins).flatMap(([path, from]): [string, Origin][] => {
    const [, stage, key] = /^stages\.(\d+)\.(.+)$/.exec(path) ?? [];
    if (stage === undefined) return [[path, from]];
    const at = Number(stage);
    if (at > index) return [[`stages.${at + 1}.${key!}`, from]];
    return at === index ? [[path, from], [`stages.${at + 1}.${key!}`, from]] : [[path, from]];
  });
  const decided = [`stages.${index}.leaveAfter`, ...['name', 'train', 'epochs', 'steps', 'leaveAfter', 'headStart'].map((key) => `stages.${index + 1}.${key}`)];
  return Object.fromEntries([...after, ...decided.map((path) => [path, origin] as const)]);
}
