import type { Plan } from '../../experiment/plan.ts';

/** What a row says of its image. */
export interface Labelled {
  /** The class; the labels in order with `|` between; or the number as it was written. */
  readonly label: string;
  readonly labels?: readonly string[];
  readonly target?: number;
}

/** Why a cell says nothing of the kind. */
export interface Unlabelled {
  readonly problem: string;
  readonly fix: string;
}

/** The cell of the label's column: a text of a CSV file, or any JSON. */
export function labelledBy(cell: unknown, task: Plan['task']): Labelled | Unlabelled {
  switch (task) {
    case 'image-classification': return oneLabel(cell);
    case 'image-multi-label': return manyLabels(cell);
    case 'image-regression': return oneNumber(cell);
  }
}

function oneLabel(cell: unknown): Labelled | Unlabelled {
  const label = textOf(cell);
  if (label === undefined) return { problem: `the label is ${kindOf(cell)}`, fix: 'write one text; for several labels of an image use `task: image-multi-label`' };
  return label === '' ? { problem: 'the label is empty', fix: 'write one, or take the row out' } : { label };
}

/** Separated by `|` or `;`, or a JSON array, which may be empty. */
function manyLabels(cell: unknown): Labelled | Unlabelled {
  const written = typeof cell === 'string' && /^\s*\[/.test(cell) ? jsonIn(cell) : cell;
  const parts = Array.isArray(written) ? written.map(textOf) : textOf(written)?.split(/[|;]/).map((part) => part.trim()) ?? [undefined];
  if (parts.includes(undefined)) return { problem: `the labels are ${kindOf(written)}`, fix: 'separate them by | or ;, or write a JSON array of texts' };
  if (parts.includes('')) return { problem: parts.length === 1 ? 'there is no label' : 'one of the labels is empty', fix: parts.length === 1 ? 'write [] for an image that has none of them' : 'take a separator out' };
  const labels = [...new Set(parts as string[])].sort();
  return { label: labels.join('|'), labels };
}

function oneNumber(cell: unknown): Labelled | Unlabelled {
  const text = textOf(cell), number = text === undefined || text === '' ? NaN : Number(text);
  if (Number.isFinite(number)) return { label: text!, target: number };
  if (text === '') return { problem: 'the number is empty', fix: 'write one, or take the row out' };
  const meant = text === undefined ? NaN : Number(text.replace(',', '.'));
  return { problem: `${text === undefined ? kindOf(cell) : JSON.stringify(text.slice(0, 40))} is no number`, fix: Number.isFinite(meant) ? `did you mean ${meant}?` : 'write it like 3.5 or -2e3, without a unit' };
}

const textOf = (cell: unknown): string | undefined => typeof cell === 'string' ? cell.trim() : typeof cell === 'number' || typeof cell === 'boolean' ? String(cell) : cell === undefined || cell === null ? '' : undefined;

const kindOf = (cell: unknown): string => Array.isArray(cell) ? 'a list' : typeof cell === 'object' ? 'an object' : JSON.stringify(cell);

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { not: 'JSON' }; // refused as an object
  }
}
