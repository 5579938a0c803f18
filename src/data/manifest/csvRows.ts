/**
 * Records of a CSV file (RFC 4180) as they stream in, each with the line that it begins on: commas, semicolons or tabs,
 * whichever the first line has most of; quotes double inside quotes; line breaks too. Ours, because one bad record must
 * cost only itself: csv-parse 7.0.3, told to skip bad records, lost all that followed a stray quote.
 */
export interface CsvRecord {
  /** 1-based. */
  readonly line: number;
  readonly cells: readonly string[];
}

export interface BadRecord {
  readonly line: number;
  readonly problem: string;
  readonly fix: string;
}

/** No record is longer; a quote that is not closed within so many characters will not be. */
const maxRecordCharacters = 64 * 1024;

export async function* csvRecords(chunks: AsyncIterable<string>): AsyncGenerator<CsvRecord | BadRecord> {
  let text = '', line = 1, delimiter: string | undefined;
  const take = (isEnd: boolean): CsvRecord | BadRecord | 'more' | 'empty' => {
    if (text === '') return 'more';
    if (delimiter === undefined) {
      if (!isEnd && !/[\r\n]./s.test(text) && text.length < maxRecordCharacters) return 'more';
      delimiter = delimiterOf(text);
    }
    const read = recordAt(text, delimiter, isEnd);
    if (read === 'more') return 'more';
    const begins = line;
    line += linesIn(text.slice(0, read.end));
    text = text.slice(read.end);
    if ('problem' in read) return { line: begins, problem: read.problem, fix: read.fix };
    return read.cells.every((cell) => cell === '') ? 'empty' : { line: begins, cells: read.cells };
  };
  const drain = function* (isEnd: boolean): Generator<CsvRecord | BadRecord> {
    for (let record = take(isEnd); record !== 'more'; record = take(isEnd)) if (record !== 'empty') yield record;
  };
  for await (const chunk of chunks) {
    text += chunk;
    yield* drain(false);
  }
  yield* drain(true);
}

function delimiterOf(text: string): string {
  const [first = ''] = text.split(/[\r\n]/, 1);
  return [',', ';', '\t'].reduce((best, each) => first.split(each).length > first.split(best).length ? each : best);
}

type Read = { readonly end: number } & ({ readonly cells: string[] } | { readonly problem: string; readonly fix: string });

/** The record at the start of `text`, and where the next begins. Of a bad one that is the next line. */
function recordAt(text: string, delimiter: string, isEnd: boolean): Read | 'more' {
  const cells: string[] = [], quoting = { fix: 'double the quotes inside a quoted text: "a ""b"" c"' };
  for (let at = 0; ;) {
    let cell = '';
    while (text[at] === ' ' || (text[at] === '\t' && delimiter !== '\t')) at++;
    if (text[at] === '"') {
      const closing = closingQuote(text, at + 1);
      if (closing < 0) {
        const end = afterLine(text, 0);
        if (!isEnd && text.length < maxRecordCharacters) return 'more';
        return { end, problem: 'a quote is opened and not closed', ...quoting };
      }
      cell = text.slice(at + 1, closing).replaceAll('""', '"');
      at = closing + 1;
      while (text[at] === ' ') at++;
      if (at >= text.length && !isEnd) return 'more';
      if (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') return badLine(text, isEnd, `${JSON.stringify(text[at])} stands right behind a closing quote`, quoting.fix);
    } else {
      const end = endOfCell(text, at, delimiter);
      if (end === text.length && !isEnd) return text.length < maxRecordCharacters ? 'more' : badLine(text, true, 'the line is longer than 64 KiB', 'is this a manifest?');
      cell = text.slice(at, end).trimEnd();
      if (cell.includes('"')) return badLine(text, isEnd, 'a quote stands in the middle of a text that is not quoted', 'put the whole text in quotes, and double those inside');
      at = end;
    }
    cells.push(cell);
    if (text[at] !== delimiter) {
      if (text[at] === '\r' && at + 1 === text.length && !isEnd) return 'more'; // its \n may be on its way
      return { end: afterLine(text, at), cells };
    }
    at++;
  }
}

function badLine(text: string, isEnd: boolean, problem: string, fix: string): Read | 'more' {
  const end = afterLine(text, 0);
  return end === text.length && !isEnd ? 'more' : { end, problem, fix };
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) if (text[at + 1] !== '"') return at;
  return -1;
}

function endOfCell(text: string, from: number, delimiter: string): number {
  let at = from;
  while (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') at++;
  return at;
}

/** Behind the first line break at or after `from`. */
function afterLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at++;
  return text.startsWith('\r\n', at) ? at + 2 : Math.min(at + 1, text.length);
}

const linesIn = (text: string): number => text.split(/\r\n|\r|\n/).length - 1;
