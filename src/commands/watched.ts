import { formatJson } from '../protocol/jsonText.ts';
import type { RunState } from '../protocol/reduceRun.ts';
import type { EarlierControl, Outcome } from '../protocol/runEvent.ts';
import type { RunId } from '../protocol/runManifest.ts';
import { foldJournal } from '../runs/foldJournal.ts';
import { readManifest } from '../runs/manifest.ts';
import type { RunFolder } from '../runs/runFolder.ts';
import type { Options } from '../terminal/arguments.ts';
import { RunScreen } from '../terminal/followRun.ts';
import { exitCodes } from '../trainer/child/exit.ts';
import type { TrainerHost } from '../trainer/host/trainerHost.ts';
import { ink, terminal } from './output.ts';
import { valueOf } from './problems.ts';

/** Shows a run until it ends, asks it to stop on Ctrl+C. */
export async function watched(host: TrainerHost, id: RunId, options: Options): Promise<{ readonly outcome: Outcome | undefined; readonly state: RunState }> {
  const manifest = valueOf(readManifest(valueOf(host.folderOf(id))));
  const screen = new RunScreen(manifest, terminal(options), ink), ending = new AbortController();
  let asked = false;
  const interrupted = (): void => {
    if (asked) process.exit(exitCodes.stopped);
    asked = true;
    process.stderr.write('\nstopping: it finishes its step and keeps a checkpoint (Ctrl+C again leaves it to itself)\n');
    void host.stopRun(id);
  };
  process.on('SIGINT', interrupted);
  const controls: Promise<void>[] = [];
  let outcome: Outcome | undefined;
  for await (const event of host.eventsOf(id, 0, ending.signal)) {
    if (event.type === 'ended') outcome = event.outcome;
    if (options.json) process.stdout.write(`${formatJson(event)}\n`);
    else screen.onEvent(event);
    if (event.type === 'watched-against' && !options.json) await showEarlier(host, event.controls, screen);
    if (event.type === 'control-started' && !options.json) controls.push(followControl(host, event.runId, screen, ending.signal));
  }
  ending.abort();
  await Promise.all(controls);
  process.off('SIGINT', interrupted);
  if (!options.json) screen.end();
  return { outcome, state: screen.state };
}

/** Controls of earlier runs, as they were left. */
async function showEarlier(host: TrainerHost, controls: readonly EarlierControl[], screen: RunScreen): Promise<void> {
  for (const { runId } of controls) {
    const folder = host.folderOf(runId);
    if (!folder.ok) continue; // it was deleted since
    const manifest = valueOf(readManifest(folder.value));
    screen.watchAgainst({ manifest, state: await foldJournal(folder.value, manifest) });
  }
}

async function followControl(host: TrainerHost, id: string, screen: RunScreen, signal: AbortSignal): Promise<void> {
  const manifest = valueOf(readManifest(valueOf(host.folderOf(id))));
  for await (const event of host.eventsOf(id, 0, signal)) screen.onControlEvent(manifest, event);
}

export const codeOf = (folder: RunFolder, outcome: Outcome | undefined): number =>
  outcome === 'finished' ? 0 : outcome === 'stopped' ? exitCodes.stopped : valueOf(readManifest(folder)).problem?.code === 'internal-error' ? exitCodes.internal : 1;
