import { takeHubAccess, userCacheFolder } from '../base/environment.ts';
import { bytes } from '../base/units.ts';
import { visible } from '../protocol/diagnostic.ts';
import { formatJson } from '../protocol/jsonText.ts';
import type { Options } from '../terminal/arguments.ts';
import { installLine } from '../terminal/installLine.ts';
import { modelLine } from '../terminal/modelLine.ts';
import { exitCodes } from '../trainer/child/exit.ts';
import { addModel, listFetched, removeModel } from '../trainer/child/weights/modelsCommand.ts';
import { ink, print, warn, wrongUsage } from './output.ts';
import { valueOf } from './problems.ts';
import { telling, withLiveLine } from './withLiveLine.ts';

export async function models([what = 'list', name, ...more]: readonly string[], options: Options): Promise<number> {
  const cache = userCacheFolder();
  if (what === 'list' && name === undefined) {
    const found = listFetched(cache);
    return print(options.json ? formatJson(found) : found.length === 0 ? 'none yet: `thaw models add hf:timm/…` fetches one, and so does a run that names it' : found.map((model) => modelLine(model, ink)).join('\n'));
  }
  if (name === undefined || more.length > 0 || !(what === 'add' || what === 'remove')) return wrongUsage('thaw models list | add <hf:owner/name> | remove <hf:owner/name>');
  const done = what === 'remove' ? removeModel(name, cache) : await withLiveLine(options, (say, signal) => addModel(name, { cache, hub: takeHubAccess(), signal, onProgress: telling(options, say, installLine) }));
  if (!done) return exitCodes.stopped;
  done.warnings.forEach((warning) => warn(warning));
  const model = valueOf(done);
  if (options.json) return print(formatJson(model));
  return print('freedBytes' in model ? `removed ${visible(name)}: ${bytes(model.freedBytes as number)} are free again` : modelLine(model, ink));
}
