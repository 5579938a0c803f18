import { existsSync } from 'node:fs';
import type { Disposable } from '../../../base/owner.ts';
import type { RunFolder } from '../../../runs/runFolder.ts';
import { stopOrdered } from '../../../runs/control.ts';

/** Calls `stop` once when control.jsonl says so, also when it said so before this process was there, or when the run is deleted. */
export function watchControl(run: RunFolder, stop: () => void, everyMs = 200): Disposable {
  const look = (): void => {
    if (existsSync(run.manifest) && !stopOrdered(run)) return;
    clearInterval(timer);
    stop();
  };
  const timer = setInterval(look, everyMs).unref();
  look();
  return { dispose: () => clearInterval(timer) };
}
