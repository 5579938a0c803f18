import { yamlText } from './format.ts';
import type { ListChange } from './trainList.ts';

/** Replaces text[start, end) with `newText`. */
export interface OffsetEdit {
  readonly start: number;
  readonly end: number;
  readonly newText: string;
}

/** Where a list of texts stands: offsets of the whole, of each item, and of the end of its key (before the colon). */
export interface ListPlace {
  readonly flow: boolean;
  readonly start: number;
  readonly end: number;
  readonly items: readonly ItemPlace[];
  readonly keyEnd: number;
}

interface ItemPlace {
  readonly start: number;
  readonly end: number;
  readonly pattern: string;
}

/** The edits that make a written list another one. Comments stay, also those of items that go. */
export const editList = (text: string, place: ListPlace, change: ListChange): OffsetEdit[] =>
  place.flow ? editFlow(text, place, change) : editBlock(text, place, change);

export const flowList = (names: readonly string[]): string => `[${names.map(yamlText).join(', ')}]`;

const isKept = ({ pattern }: ItemPlace, instead: readonly string[]): boolean => instead.length === 1 && instead[0] === pattern;

/**
 * `[a, b, c]`: items, and gaps before, between and after them that hold commas and comments. The list is written anew
 * gap by gap, then narrowed to what differs.
 */
function editFlow(text: string, { start, end, items }: ListPlace, { instead, appended }: ListChange): OffsetEdit[] {
  const gaps = [...items.map((item, i) => text.slice(i === 0 ? start + 1 : items[i - 1]!.end, item.start)), text.slice(items.at(-1)?.end ?? start + 1, end - 1)];
  const out = { text: '[', commaDue: false };
  const emitGap = (gap: string): void => {
    out.text += out.commaDue ? gap : withoutComma(gap);
    out.commaDue = false;
  };
  const emitNames = (names: string): void => {
    out.text += `${out.commaDue ? ', ' : ''}${names}`;
    out.commaDue = true;
  };
  items.forEach((item, i) => {
    const names = instead[i]!, gap = gaps[i]!;
    if (names.length === 0) {
      if (gap.includes('#')) emitGap(gap); // the gap of an item that goes is kept for its comments only
      return;
    }
    emitGap(out.text === '[' && !gap.includes('#') ? gaps[0]! : gap); // "[ a, b ]" without a is "[ b ]"
    emitNames(isKept(item, names) ? text.slice(item.start, item.end) : names.map(yamlText).join(', '));
  });
  if (appended.length > 0) emitNames(appended.map(yamlText).join(', '));
  emitGap(gaps.at(-1)!);
  return narrowed(text, start, end, `${out.text}]`);
}

/** The comma of a gap taken out; those in its comments, which end with their lines, stay. */
const withoutComma = (gap: string): string => gap.replace(/^((?:[^,#]|#[^\n]*\n)*),/, '$1');

function narrowed(text: string, start: number, end: number, newText: string): OffsetEdit[] {
  let from = 0, tail = 0;
  const old = text.slice(start, end), shortest = Math.min(old.length, newText.length);
  while (from < shortest && old[from] === newText[from]) from++;
  while (tail < shortest - from && old.at(-1 - tail) === newText.at(-1 - tail)) tail++;
  if (old === newText) return [];
  return [{ start: start + from, end: end - tail, newText: newText.slice(from, newText.length - tail) }];
}

/** One `- item` to a line: lines are replaced, inserted after, and taken out, but for their comments. */
function editBlock(text: string, { items, keyEnd }: ListPlace, { instead, appended }: ListChange): OffsetEdit[] {
  const edits: OffsetEdit[] = [];
  const insertAfter = (item: ItemPlace, names: readonly string[]): void => {
    const { lead, eol, endOfLine } = lineOf(text, item);
    if (names.length > 0) edits.push({ start: endOfLine, end: endOfLine, newText: names.map((name) => `${eol}${lead}${yamlText(name)}`).join('') });
  };
  // What joins the list stands behind the last item that stays; where none does, in the place of the last.
  const kept = items.findLastIndex((_, i) => instead[i]!.length > 0), last = kept < 0 && appended.length > 0 ? items.length - 1 : kept;
  items.forEach((item, i) => {
    const [first, ...more] = i === last ? [...instead[i]!, ...appended] : instead[i]!;
    if (first === undefined) return void edits.push(takenOut(text, item));
    if (first !== item.pattern) edits.push({ start: item.start, end: item.end, newText: yamlText(first) });
    insertAfter(item, more);
  });
  if (last < 0) {
    const colon = text.indexOf(':', keyEnd) + 1;
    edits.unshift({ start: colon, end: colon, newText: ' []' });
  }
  return edits;
}

function takenOut(text: string, item: ItemPlace): OffsetEdit {
  const { lineStart, lead, endOfLine, nextLine } = lineOf(text, item);
  const after = text.slice(item.end, endOfLine), comment = after.trimStart();
  if (comment === '') return { start: lineStart, end: nextLine, newText: '' };
  return { start: lineStart + lead.search(/[^ ]|$/), end: endOfLine - comment.length, newText: '' };
}

function lineOf(text: string, item: ItemPlace): { lineStart: number; lead: string; endOfLine: number; eol: string; nextLine: number } {
  const lineStart = text.lastIndexOf('\n', item.start - 1) + 1, newline = text.indexOf('\n', item.end);
  const nextLine = newline < 0 ? text.length : newline + 1, windows = text[newline - 1] === '\r';
  const endOfLine = newline < 0 ? text.length : windows ? newline - 1 : newline;
  return { lineStart, lead: text.slice(lineStart, item.start), endOfLine, eol: windows ? '\r\n' : '\n', nextLine };
}
