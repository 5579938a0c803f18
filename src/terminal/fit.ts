/** Text made to fit a terminal. Colour codes take no room and are never cut. */

const colour = /(\u001b\[\d+m)/;

/** One line, at most `columns` wide: the rest is cut off. */
export function clipped(line: string, columns: number): string {
  let seen = 0, out = '';
  for (const part of line.split(colour)) {
    if (colour.test(part)) out += part;
    else {
      out += part.slice(0, Math.max(0, columns - seen));
      seen += part.length;
    }
  }
  return out;
}

/** Long lines broken at spaces. What is indented is a table and stays as it is. */
export const wrapped = (text: string, columns: number): string =>
  text.split('\n').map((line) => line.startsWith('  ') ? line : broken(line, columns)).join('\n');

function broken(line: string, columns: number): string {
  const lines: string[] = [];
  let room = 0;
  for (const word of line.split(' ')) {
    const width = word.split(colour).filter((part) => !colour.test(part)).join('').length;
    if (lines.length === 0 || width + 1 > room) {
      lines.push(word);
      room = columns - width;
    } else {
      lines.push(`${lines.pop()!} ${word}`);
      room -= 1 + width;
    }
  }
  return lines.join('\n');
}
