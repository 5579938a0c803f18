import type { Split } from './sample.ts';

/** Names that mean something in a dataset folder. */

const splitNames: Readonly<Record<string, Split>> = {
  train: 'train', training: 'train', val: 'validation', valid: 'validation', validation: 'validation', test: 'test', testing: 'test',
};

export const splitOfFolder = (name: string): Split | undefined => Object.hasOwn(splitNames, name.toLowerCase()) ? splitNames[name.toLowerCase()] : undefined;

const litter: ReadonlySet<string> = new Set(['thumbs.db', 'ehthumbs.db', 'desktop.ini', 'icon\r', '__macosx', '@eadir', '$recycle.bin', 'system volume information', 'lost+found']);

/** What hides or was left behind by a file manager; undefined for everything else. */
export function litterOf(name: string): string | undefined {
  if (litter.has(name.toLowerCase()) || name.startsWith('._') || name === '.DS_Store') return 'left behind by a file manager';
  return name.startsWith('.') ? 'hidden' : undefined;
}

/** Files that people keep beside images on purpose: nothing is wrong with them. */
export const sideFileExtensions: ReadonlySet<string> = new Set(['txt', 'md', 'csv', 'tsv', 'json', 'jsonl', 'xml', 'yaml', 'yml', 'html', 'htm', 'pdf', 'log', 'py', 'ipynb', 'url']);
