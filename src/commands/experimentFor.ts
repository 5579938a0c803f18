import { createHash } from 'node:crypto';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { userCacheFolder, userDataFolder } from '../base/environment.ts';
import { minutesOf } from '../experiment/duration.ts';
import { experimentBase, isManifestName } from '../experiment/manifestName.ts';
import { type PresetName, experimentText, presets } from '../experiment/presets.ts';
import { becauseOf, withBudget } from '../experiment/recommend.ts';
import type { Estimate } from '../protocol/answers.ts';
import { Refused, visible } from '../protocol/diagnostic.ts';
import { parseEstimate } from '../protocol/guards.ts';
import { placesOf, preparePlace } from '../runs/runFolder.ts';
import type { Options } from '../terminal/arguments.ts';
import { diagnosticOf } from '../trainer/child/exit.ts';
import type { TrainerHost } from '../trainer/host/trainerHost.ts';
import { knownBackbones } from '../trainer/hub/knownBackbones.ts';
import { overridesOf } from './overrides.ts';
import { homeOf, hostOf } from './places.ts';
import { answered, refused, valueOf } from './problems.ts';

/** The experiment file of a target, and where its runs are kept: the file itself, or the one of a folder, written when there is none. */
export async function experimentFor(target: string, options: Options): Promise<{ readonly file: string; readonly home: string }> {
  if (!existsSync(target)) throw refused('no-folder', 'there is no such file or folder', target, 'check the path');
  const home = homeOf(target, options);
  if (!statSync(target).isDirectory() && !isManifestName(target)) return { file: target, home };
  const beside = `${experimentBase(target)}.thaw.yaml`;
  // For where the folder's neighbourhood cannot be written; two folders of one name keep apart.
  const elsewhere = `${basename(experimentBase(target))}-${createHash('sha256').update(target).digest('hex').slice(0, 6)}.thaw.yaml`;
  const existing = [beside, ...placesOf(home, userDataFolder()).map(({ path }) => join(path, elsewhere))].find((file) => existsSync(file));
  if (existing !== undefined) {
    if (options.preset !== undefined) process.stderr.write(`${visible(existing)} is there already: --preset changes nothing; edit the file, or delete it\n`);
    return { file: existing, home };
  }
  const { backbone, budget } = overridesOf(options), minutes = minutesOf(budget ?? '');
  if (budget !== undefined && minutes === undefined) throw refused('wrong-type', `the budget ${JSON.stringify(budget)} is no time`, undefined, 'for example --budget "5 min"');
  const estimated = options.preset === undefined || isManifestName(target) ? withBudget(await estimate(hostOf(home), target), minutes) : undefined, preset = options.preset ?? estimated!.plans[0]!.preset;
  const offered = estimated?.plans.map((plan) => plan.preset) ?? presets.map(({ name }) => name as string);
  if (!offered.includes(preset)) throw refused('out-of-range', `there is no preset "${preset}"${estimated?.task ? ` for ${estimated.task}` : ''}`, undefined, `one of: ${offered.join(', ')}`);
  const named = backbone !== undefined && { backbone, backbones: knownBackbones(userCacheFolder()) }; // a recipe names the blocks of its backbone
  const write = (file: string, folder: string): string => {
    writeFileSync(file, experimentText(preset as PresetName, { folder, ...named, ...(budget !== undefined && { budget }), ...(estimated && { because: becauseOf(estimated, preset as PresetName) }), ...(estimated?.task && { task: estimated.task }) }), { flag: 'wx' });
    process.stderr.write(`wrote ${visible(file)}\n`);
    return file;
  };
  try {
    return { file: write(beside, basename(target)), home };
  } catch (error) {
    if (diagnosticOf(error).code !== 'unwritable') throw error;
    return { file: write(join(valueOf(preparePlace(home, userDataFolder())).path, elsewhere), target), home };
  }
}

async function estimate(host: TrainerHost, folder: string): Promise<Estimate> {
  const found = answered(parseEstimate(valueOf(await host.ask('estimate', [folder], { timeoutMs: 600_000 }))));
  if (found.problems.some(({ severity }) => severity === 'error')) throw new Refused(found.problems);
  return found;
}
