import { existsSync } from 'node:fs';
import { patternNames } from '../backbones/freezePlan.ts';
import { suggest } from '../base/suggest.ts';
import { changeOf } from '../experiment/trainList.ts';
import { visible } from '../protocol/diagnostic.ts';
import type { Options } from '../terminal/arguments.ts';
import { experimentAt } from './experimentAt.ts';
import { print, wrongUsage } from './output.ts';
import { hostHere } from './places.ts';
import { refused, valueOf } from './problems.ts';

/** Layers of a run that trains: from its next epoch on they train, or are frozen. */
export async function changeLayers(verb: 'thaw' | 'freeze', [name, ...layers]: readonly string[], options: Options): Promise<number> {
  if (name === undefined || layers.length === 0) return wrongUsage(`thaw ${verb} <run> <layers …>`);
  const host = hostHere(options);
  const id = name === 'latest' ? host.findRuns().runs.find(({ life }) => life !== 'ended')?.folder.id : name;
  if (id === undefined) throw refused('no-run', 'nothing trains here', undefined, 'start a run with `thaw run <folder>`');
  const { resolvedPlan } = valueOf(host.folderOf(id));
  if (existsSync(resolvedPlan)) await knownLayers(resolvedPlan, layers); // a run that waits its turn has none yet
  valueOf(host.changeLayers(id, layers.map((path) => ({ path, trains: verb === 'thaw' })), 'command line'));
  return print(`${layers.map(visible).join(', ')}: ${verb === 'thaw' ? 'trained' : 'frozen'} from the next epoch on`);
}

/** Throws Refused when a layer is none of the run's network. */
async function knownLayers(resolvedPlan: string, layers: readonly string[]): Promise<void> {
  const network = valueOf(await experimentAt(resolvedPlan, {})).backbone?.network(2);
  const [unknown] = network ? layers.filter((layer) => typeof changeOf(network, ['all'], [{ path: layer, trains: true }]) === 'string') : [];
  if (network === undefined || unknown === undefined) return;
  const near = suggest(unknown, patternNames(network));
  throw refused('pattern-matches-nothing', `no block or layer ${JSON.stringify(unknown)} in ${network.name}`, undefined, near ? `did you mean "${near}"?` : '`thaw cost` lists the blocks');
}
