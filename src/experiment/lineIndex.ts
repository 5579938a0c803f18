import type { TextPosition, TextRange } from '../protocol/diagnostic.ts';

/** Offsets ↔ line and character, with the line ends of VS Code: \r\n, \n, \r. */
export interface LineIndex {
  readonly positionOf: (offset: number) => TextPosition;
  /** Positions past the end of a line or the text are drawn back to it. */
  readonly offsetOf: (position: TextPosition) => number;
  readonly rangeOf: (startOffset: number, endOffset: number) => TextRange;
}

export function lineIndex(text: string): LineIndex {
  const starts = [0];
  for (const end of text.matchAll(/\r\n?|\n/g)) starts.push(end.index + end[0].length);

  const positionOf = (offset: number): TextPosition => {
    const at = Math.min(Math.max(offset, 0), text.length);
    let low = 0, high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low, character: at - starts[low]! };
  };
  return {
    positionOf,
    offsetOf: ({ line, character }) => {
      const start = starts[line];
      if (start === undefined) return line < 0 ? 0 : text.length;
      const next = starts[line + 1] ?? text.length;
      return Math.min(start + Math.max(character, 0), next);
    },
    rangeOf: (start, end) => ({ start: positionOf(start), end: positionOf(end) }),
  };
}
