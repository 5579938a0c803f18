import { bytes } from '../base/units.ts';
import { visible } from '../protocol/diagnostic.ts';
import type { EngineEntry } from '../protocol/answers.ts';
import type { Paint } from './paint.ts';

/** What `thaw engine list` prints. */
export function engineList(engines: readonly EngineEntry[], interruptedBytes: number, { bold, dim, green, yellow }: Paint): string {
  const states = { used: green('in use'), spare: dim('not used: another one is preferred'), damaged: yellow('damaged: `thaw engine install` mends it'), unknown: dim('of another version of Thaw or another platform: not used') };
  const rows = engines.map(({ tensorflow, platform, cuda, sizeBytes, folder, state }) =>
    `${bold(`TensorFlow ${tensorflow}`)} ${platform}${cuda ? ' with CUDA' : ''} · ${bytes(sizeBytes)} · ${states[state]}\n  ${dim(visible(folder))}`);
  const left = interruptedBytes > 0 ? [`${bytes(interruptedBytes)} of an interrupted install: \`thaw engine install\` goes on with it, \`thaw engine remove\` frees it`] : [];
  return [...rows.length > 0 ? rows : ['no native engine is installed: `thaw engine install` fetches TensorFlow'], ...left].join('\n');
}
