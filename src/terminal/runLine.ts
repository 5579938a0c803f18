import type { RunManifest } from '../protocol/runManifest.ts';
import { scoreText } from '../protocol/wording.ts';
import { visible } from '../protocol/diagnostic.ts';
import type { Paint } from './paint.ts';

/** One run of a list: `20260501-131502-flowers-3fa9c1  finished  73.6 %  helps`. */
export function runLine({ id, title, status, test, claim, problem, task }: RunManifest, { bold, dim, red }: Paint): string {
  const state = problem ? red(`${status}: ${visible(problem.message)}`) : status;
  return [bold(visible(title)), state, test && `${scoreText(test.value, task)} of ${test.items}`, claim, dim(id)].filter(Boolean).join('  ');
}
