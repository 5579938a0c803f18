import { suggest } from '../base/suggest.ts';
import { experimentField, fieldAt, leafPaths } from './schema.ts';

/** Of these each run has its own, or there is but one. */
const fixed: ReadonlySet<string> = new Set(['thaw', 'task', 'data.folder', 'data.manifest', 'seeds', 'variants']);

/** The path that a key of `variants` means: a whole one (`stages.0.rate`), or the end of one that only one path has (`rate`). */
export function variedPath(written: string): string | { readonly problem: string; readonly fix: string } {
  const all = leafPaths(experimentField, '').filter((path) => !fixed.has(path));
  if (all.includes(written) || (/\.\d+\./.test(written) && fieldAt(written) && all.includes(written.replace(/\.\d+\./, '.*.')))) return written;
  const meant = all.filter((path) => path.endsWith(`.${written}`));
  if (meant.length === 1) return meant[0]!;
  if (meant.length > 1) return { problem: `"${written}" stands in ${meant.length} places`, fix: `write ${meant.join(' or ')}` };
  if (fixed.has(written)) return { problem: `${written} cannot vary within one file`, fix: 'write another experiment for it' };
  const near = suggest(written.slice(0, 80), [...all, ...all.map((path) => path.split('.').at(-1)!)]);
  return { problem: `no value "${written.slice(0, 80)}" in an experiment`, fix: near ? `did you mean "${near}"?` : 'write a key of an experiment, for example stages.0.rate' };
}
