import { createReadStream } from 'node:fs';
import { csvRecords, type BadRecord } from './csvRows.ts';

/** One row of a manifest by column: texts of a CSV file, any JSON of a JSONL file. */
export interface Row {
  /** 1-based. */
  readonly line: number;
  readonly cells: ReadonlyMap<string, unknown>;
}

export const isJsonLines = (file: string): boolean => /\.(jsonl|ndjson)$/i.test(file);

/** The rows of a manifest as they stream in; of a bad one, what is wrong. A CSV file begins with the names of its columns. Rejects with the system's error. */
export async function* rowsOf(file: string, signal?: AbortSignal): AsyncGenerator<Row | BadRecord> {
  const chunks = createReadStream(file, { encoding: 'utf8', ...(signal && { signal }) }) as AsyncIterable<string>;
  yield* isJsonLines(file) ? jsonRows(withoutMark(chunks)) : csvRows(withoutMark(chunks));
}

async function* csvRows(chunks: AsyncIterable<string>): AsyncGenerator<Row | BadRecord> {
  let names: readonly string[] | undefined;
  for await (const record of csvRecords(chunks)) {
    if ('problem' in record) {
      yield record;
      if (!names) return; // without its first line nobody knows what the others mean
    } else if (!names) {
      names = record.cells;
      const twice = names.find((name, i) => name !== '' && names!.indexOf(name) < i);
      if (twice !== undefined) yield { line: record.line, problem: `two columns are called ${JSON.stringify(twice)}`, fix: 'give each its own name' };
      if (twice !== undefined) return;
    } else if (record.cells.length > names.length && record.cells.slice(names.length).some((cell) => cell !== '')) {
      yield { line: record.line, problem: `${record.cells.length} cells where the first line names ${names.length} columns`, fix: 'put texts with a separator in quotes' };
    } else {
      yield { line: record.line, cells: new Map(names.map((name, i) => [name, record.cells[i] ?? ''])) };
    }
  }
}

/** A longer line is no row of a manifest. */
const maxLineCharacters = 1024 * 1024;

async function* jsonRows(chunks: AsyncIterable<string>): AsyncGenerator<Row | BadRecord> {
  let line = 0;
  for await (const text of linesOf(chunks)) {
    line++;
    if (text.trim() === '') continue;
    const read = objectIn(text);
    yield typeof read === 'string' ? { line, problem: read, fix: 'write one JSON object a line: {"image": "a.jpg", "label": "cat"}' } : { line, cells: read };
  }
}

async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let text = '';
  for await (const chunk of chunks) {
    const lines = (text + chunk).split('\n');
    text = lines.pop()!.slice(0, maxLineCharacters + 1); // what is too long is refused, not kept
    yield* lines;
  }
  yield text;
}

function objectIn(text: string): ReadonlyMap<string, unknown> | string {
  if (text.length > maxLineCharacters) return 'the line is longer than 1 MiB';
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? new Map(Object.entries(value)) : 'not a JSON object';
  } catch {
    return 'not JSON';
  }
}

/** Editors on Windows begin a file with a byte order mark. */
async function* withoutMark(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let isFirst = true;
  for await (const chunk of chunks) {
    yield isFirst ? chunk.replace(/^\ufeff/, '') : chunk;
    isFirst = false;
  }
}
