import type { Checked } from '../../protocol/diagnostic.ts';
import type { InstalledEngine as Answer } from '../../protocol/answers.ts';
import { about, bytes } from '../../base/units.ts';
import { installedEngine, removeEngine } from './engineCache.ts';
import { installEngine, type InstallProgress } from './install.ts';
import { monotonicMs } from '../../base/clock.ts';

/** `thaw engine install | list | remove`, for the terminal and for the extension (through the trainer's `engine`). */
export interface EngineCommand {
  readonly cacheDir: string;
  /** A wheel, a jar or an engine pack at hand. */
  readonly from?: string;
  readonly signal?: AbortSignal;
  /** One line that replaces the last: "unpacking: 312 MiB of 814 MiB, 4 s left". */
  readonly say: (line: string) => void;
}

export async function engineCommand(what: 'install' | 'list' | 'remove', { cacheDir, from, signal, say }: EngineCommand): Promise<Checked<Answer>> {
  if (what === 'remove') {
    await removeEngine(cacheDir);
    return answer('none');
  }
  if (what === 'list') {
    const found = await installedEngine({ cacheDir });
    return answer(found ? `TensorFlow ${found.tensorflow} in ${found.folder}` : 'no native engine is installed: `thaw engine install` fetches TensorFlow');
  }
  const startMs = monotonicMs();
  const installed = await installEngine({
    cacheDir, onProgress: (progress) => say(progressLine(progress, monotonicMs() - startMs)),
    ...(from !== undefined && { from }), ...(signal && { signal }),
  });
  return installed.ok ? { ...answer(`TensorFlow ${installed.value.tensorflow}`), warnings: installed.warnings } : installed;
}

const answer = (title: string): Checked<Answer> & { readonly ok: true } => ({ ok: true, value: { title }, warnings: [] });

function progressLine({ activity, doneBytes, totalBytes }: InstallProgress, elapsedMs: number): string {
  const left = doneBytes > 0 && doneBytes < totalBytes ? `, ${about(elapsedMs / doneBytes * (totalBytes - doneBytes))} left` : '';
  return `${activity}: ${bytes(doneBytes)} of ${bytes(totalBytes)}${left}`;
}
