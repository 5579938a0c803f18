import { relative, resolve } from 'node:path';
import { sweepRows } from '../evidence/sweep.ts';
import { type Member, sweepOf } from '../experiment/sweep.ts';
import { visible } from '../protocol/diagnostic.ts';
import { formatJson } from '../protocol/jsonText.ts';
import type { RunId } from '../protocol/runManifest.ts';
import { readManifest } from '../runs/manifest.ts';
import { variantsOf } from '../runs/variants.ts';
import type { Options } from '../terminal/arguments.ts';
import { sweepTable, variantTable } from '../terminal/sweepTable.ts';
import { exitCodes } from '../trainer/child/exit.ts';
import type { StartRequest, TrainerHost } from '../trainer/host/trainerHost.ts';
import { experimentAt } from './experimentAt.ts';
import { experimentFor } from './experimentFor.ts';
import { ink, print, warn, wrongUsage } from './output.ts';
import { engineWish, gigabytesOf, overridesOf } from './overrides.ts';
import { hostOf } from './places.ts';
import { valueOf } from './problems.ts';
import { codeOf, watched } from './watched.ts';

/** Starts a run as the editor does, follows its journal, ends when it does. Ctrl+C asks it to stop; again, it is left to itself. */
export async function run([target]: readonly string[], options: Options): Promise<number> {
  if (target === undefined) return wrongUsage('thaw run <folder | file.thaw.yaml>');
  const { file, home } = await experimentFor(resolve(target), options), host = hostOf(home);
  const { plan } = valueOf(await experimentAt(file, options)), members = sweepOf(plan); // a run that cannot begin leaves no folder behind
  const request: StartRequest = { experimentFile: file, overrides: overridesOf(options), ...engineWish(options), ...(options['feature-cache-gb'] !== undefined && { featureCacheMaxGb: gigabytesOf(options['feature-cache-gb']) }) };
  if (members.length > 0) return sweep(host, request, members, options);
  const started = await host.startRun(request);
  const id = valueOf(started);
  if (started.ok) started.warnings.forEach((warning) => warn(warning));
  if (options.detach) return print(id);
  const ahead = host.findRuns().runs.find(({ folder, life }) => life !== 'ended' && folder.id !== id);
  if (ahead) process.stderr.write(`${visible(ahead.manifest.title)} trains here (${ahead.folder.id}): this run begins when that has ended\n`);
  return followToEnd(host, id, file, options);
}

/** The runs of `variants` and `seeds`, one after the other; Ctrl+C stops the one at work and all that wait. */
async function sweep(host: TrainerHost, request: StartRequest, members: readonly Member[], options: Options): Promise<number> {
  const ids = valueOf(await host.startSweep(request, members));
  if (options.detach) return print(ids.join('\n'));
  let code = 0;
  for (const [i, id] of ids.entries()) {
    if (options.json) process.stdout.write(`${formatJson({ type: 'run', id, name: members[i]!.name })}\n`);
    else process.stdout.write(`${i > 0 ? '\n' : ''}${ink.bold(`${i + 1} of ${ids.length}: ${visible(members[i]!.name)}`)}\n`);
    const ended = await followToEnd(host, id, request.experimentFile, options, true);
    if (ended === exitCodes.stopped) await Promise.all(ids.slice(i + 1).map((waiting) => host.stopRun(waiting)));
    if (code === 0) code = ended;
    if (ended === exitCodes.stopped) break;
  }
  if (!options.json) {
    const runs = ids.map((id) => valueOf(host.folderOf(id))).map((folder) => ({ folder, manifest: valueOf(readManifest(folder)) })), { task } = runs[0]!.manifest;
    const variants = variantTable(sweepRows(variantsOf(runs, true), task === 'image-regression'), task, ink);
    print(`\n${sweepTable(runs.map(({ manifest }) => manifest), ink)}${variants === undefined ? '' : `\n\n${variants}`}`);
  }
  return code;
}

/** Shows a run until it ends, and says what to do next. */
export async function followToEnd(host: TrainerHost, id: RunId, file: string, options: Options, isOneOfMany = false): Promise<number> {
  const folder = valueOf(host.folderOf(id)), { outcome, state } = await watched(host, id, options);
  if (!options.json && !isOneOfMany) {
    const here = (path: string): string => visible(relative(process.cwd(), path) || '.');
    process.stdout.write(`\n${ink.dim('run folder')}  ${here(folder.path)}\n`);
    if (state.tested) process.stdout.write(`${ink.dim('next')}        thaw predict latest <photos …>   ${ink.dim('· edit')} ${here(file)} ${ink.dim('and run it again')}\n`);
  }
  return codeOf(folder, outcome);
}
