import { suggest } from '../../base/suggest.ts';
import type { ColumnPlan, Plan } from '../../experiment/plan.ts';
import type { Diagnostic } from '../../protocol/diagnostic.ts';

/** Which columns hold what. */
export interface Columns {
  readonly image: string;
  readonly label: string;
  readonly split?: string;
}

/** Names that people give them, the likeliest first; compared without case, spaces, `_` and `-`. */
const usual = {
  image: ['image', 'path', 'file', 'filename', 'filepath', 'imagepath', 'imagefile', 'imagename', 'photo', 'img', 'imageid', 'id', 'name'],
  label: ['label', 'labels', 'class', 'classes', 'classname', 'category', 'categories', 'tag', 'tags', 'target', 'species', 'y'],
  number: ['target', 'value', 'score', 'label', 'y', 'rating', 'number'],
  split: ['split', 'subset', 'set', 'partition'],
} as const;

/** Those that the plan names, else those that are called as such columns are; of two, the one that is not the image is the label. */
export function columnsIn(names: readonly string[], plan: ColumnPlan, task: Plan['task']): Columns | Diagnostic {
  const shown = names.filter((name) => name !== '').map((name) => JSON.stringify(name)).join(', ');
  const missing = (what: string, fix: string): Diagnostic => ({ code: 'manifest-column', severity: 'error', message: `${what}; it has ${shown || 'none'}`, fix });
  for (const part of ['image', 'label', 'split'] as const) {
    if (plan[part] === 'auto' || names.includes(plan[part])) continue;
    const near = suggest(plan[part], names);
    return missing(`the manifest has no column ${JSON.stringify(plan[part])}`, near === undefined ? `name one of them in data.columns.${part}` : `did you mean "${near}"?`);
  }
  const guess = (part: keyof ColumnPlan, words: readonly string[]): string | undefined => plan[part] !== 'auto' ? plan[part] : words.flatMap((word) => names.find((name) => bare(name) === word) ?? [])[0];
  const image = guess('image', usual.image), split = guess('split', usual.split), rest = names.filter((name) => name !== '' && name !== image && name !== split);
  const label = guess('label', task === 'image-regression' ? usual.number : usual.label) ?? (image !== undefined && rest.length === 1 ? rest[0] : undefined);
  if (image === undefined) return missing('no column is called as one with images would be', 'begin the file with the names of its columns (image,label), or name it in data.columns.image');
  if (label === undefined) return missing(`no column is called as one with ${task === 'image-regression' ? 'numbers' : 'labels'} would be`, 'name it in data.columns.label');
  return { image, label, ...(split !== undefined && { split }) };
}

const bare = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, '');
