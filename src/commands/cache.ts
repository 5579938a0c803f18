import { bytes } from '../base/units.ts';
import { formatJson } from '../protocol/jsonText.ts';
import type { Options } from '../terminal/arguments.ts';
import { cacheTable } from '../terminal/cacheTable.ts';
import { ink, print, wrongUsage } from './output.ts';
import { hostHere } from './places.ts';
import { valueOf } from './problems.ts';

export function cache([what = 'list', ...more]: readonly string[], options: Options): Promise<number> {
  if (more.length > 0 || !(what === 'list' || what === 'clear')) return Promise.resolve(wrongUsage('thaw cache list | clear'));
  const host = hostHere(options);
  if (what === 'list') return Promise.resolve(print(options.json ? formatJson(host.cachedFeatures()) : cacheTable(host.cachedFeatures(), ink)));
  const freed = valueOf(host.clearFeatures());
  return Promise.resolve(print(options.json ? formatJson({ freedBytes: freed }) : `${bytes(freed)} freed`));
}
