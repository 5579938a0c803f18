import { isDeepStrictEqual } from 'node:util';
import { CST, Lexer } from 'yaml';
import { asMaps, commentsOf } from './mend.ts';
import { readSource } from './source.ts';

/**
 * The text laid out evenly: two columns for each level, one space after colons, dashes and commas, spaces within braces
 * and none within brackets, no two blank lines in a row, one line end at the end. Keys stay in their order and quotes as
 * they are; a comment keeps its column where it can, so that aligned ones stay aligned. Laid out again, nothing changes.
 * By tokens, not from the parsed tree: the YAML library's own writer moves comments and breaks lines. Undefined: the text
 * has errors, or is written in a way that this would change the meaning of.
 */
export function laidOut(text: string): string | undefined {
  const source = readSource(text, '');
  if (!source.document || source.diagnostics.length > 0) return undefined;
  const result = new Layout(text).done(), after = readSource(result, '');
  const isSame = after.document && after.diagnostics.length === 0 && isDeepStrictEqual(after.document.toJS(asMaps), source.document.toJS(asMaps));
  return isSame && commentsOf(text).join('\n') === commentsOf(result).join('\n') ? result : undefined;
}

interface Token {
  readonly type: string;
  readonly source: string;
  /** In its old line. */
  readonly column: number;
  /** Spaces before it. */
  readonly gap: number;
}

/** A block map or sequence that is open: where its keys or dashes stood, and stand now. */
interface Level {
  readonly kind: 'map' | 'seq';
  readonly old: number;
  readonly now: number;
}

const step = 2;

class Layout {
  readonly #lines: (readonly Token[])[];
  readonly #out: string[] = [];
  readonly #levels: Level[] = [];
  /** Comments on lines of their own, and blank lines, until it is known what they stand above. */
  #pending: Token[] = [];
  /** Brackets that are open, and the column of the line that opened the first. */
  #open = 0;
  #flowBase = 0;
  readonly #eol: string;

  constructor(text: string) {
    this.#eol = text.includes('\r\n') ? '\r\n' : '\n';
    this.#lines = linesOf(text);
  }

  done(): string {
    for (const line of this.#lines) this.#line(line);
    this.#flush(0, 0);
    while (this.#out.at(-1) === '') this.#out.pop();
    return this.#out.length === 0 ? '' : `${this.#out.join(this.#eol)}${this.#eol}`;
  }

  #line(tokens: readonly Token[]): void {
    const [first] = tokens;
    if (first === undefined || (first.type === 'comment' && tokens.length === 1)) {
      this.#pending.push(first ?? { type: 'blank', source: '', column: 0, gap: 0 });
      return;
    }
    if (this.#open > 0) this.#flowLine(tokens);
    else if (first.type === 'doc-start' || first.type === 'doc-end' || first.type === 'directive-line') this.#emit(0, tokens, first.column);
    else this.#blockLine(tokens);
  }

  /** Within brackets: further in than what opened them, the closing one half as far. */
  #flowLine(tokens: readonly Token[]): void {
    const closes = tokens[0]!.type.endsWith('-end') && tokens[0]!.type.startsWith('flow'), depth = this.#open - (closes ? 1 : 0);
    this.#emit(this.#flowBase + step * (depth + 1), tokens, tokens[0]!.column);
  }

  #blockLine(tokens: readonly Token[]): void {
    const old = tokens[0]!.column, starts = startsOf(tokens);
    const leaving = [...this.#levels]; // comments may belong to what ends here
    starts.forEach(({ kind, column }, i) => this.#enter(kind, column, i > 0));
    const own = starts.length > 0 ? this.#levels.at(-starts.length)!.now : (this.#levels.at(-1)?.now ?? -step) + step;
    this.#flushBefore(leaving, old, own);
    this.#flowBase = this.#levels.at(-1)?.now ?? 0;
    this.#write(own, tokens, old);
  }

  #enter(kind: Level['kind'], column: number, isWithin: boolean): void {
    const levels = this.#levels;
    if (!isWithin) while (levels.length > 0 && (levels.at(-1)!.old > column || (levels.at(-1)!.old === column && levels.at(-1)!.kind === 'seq' && kind === 'map'))) levels.pop();
    const top = levels.at(-1);
    if (!isWithin && top?.old === column && top.kind === kind) return;
    levels.push({ kind, old: column, now: top ? top.now + step : 0 });
  }

  #emit(indent: number, tokens: readonly Token[], old: number): void {
    this.#flush(indent, old);
    this.#write(indent, tokens, old);
  }

  #flush(indent: number, old: number): void {
    this.#flushBefore(this.#levels, old, indent);
  }

  /** A comment that stands further in than what follows belongs to the level before; any other to what follows. */
  #flushBefore(levels: readonly Level[], old: number, indent: number): void {
    for (const { type, source, column } of this.#pending) {
      if (type === 'blank') {
        if (this.#out.length > 0 && this.#out.at(-1) !== '') this.#out.push('');
      } else {
        const own = column > old ? levels.findLast((level) => level.old <= column)?.now ?? 0 : 0;
        this.#out.push(`${' '.repeat(Math.max(own, indent))}${source.trimEnd()}`);
      }
    }
    this.#pending = [];
  }

  #write(indent: number, tokens: readonly Token[], old: number): void {
    let line = ' '.repeat(indent), before: Token | undefined;
    for (const token of tokens) {
      const { type } = token;
      if (type === 'comment') line += `${' '.repeat(token.gap < 2 ? 1 : Math.max(1, token.column - columnOf(line)))}${token.source.trimEnd()}`;
      else line += `${before ? ' '.repeat(spaceBetween(before, token)) : ''}${this.#source(token, indent, old)}`;
      if (type === 'flow-map-start' || type === 'flow-seq-start') this.#open++;
      if (type === 'flow-map-end' || type === 'flow-seq-end') this.#open--;
      before = token;
    }
    this.#out.push(...line.split(/\r?\n/));
  }

  /** A text of several lines: those of a block scalar move with their key, others are indented anew. */
  #source({ type, source }: Token, indent: number, old: number): string {
    if (!source.includes('\n')) return source;
    const shift = indent - old, [first, ...rest] = source.split(/\r?\n/);
    const moved = (line: string): string => {
      if (line.trim() === '') return '';
      if (type !== 'block-scalar') return `${' '.repeat(this.#flowBase + step * 2)}${line.trimStart()}`;
      return shift >= 0 ? ' '.repeat(shift) + line : line.slice(Math.min(-shift, line.search(/\S/)));
    };
    return [first, ...rest.map(moved)].join('\n');
  }
}

const columnOf = (text: string): number => text.length - (text.lastIndexOf('\n') + 1);

/** The levels that a line begins: dashes, then the key behind them. */
function startsOf(tokens: readonly Token[]): { kind: Level['kind']; column: number }[] {
  const starts: { kind: Level['kind']; column: number }[] = [];
  let i = 0;
  for (; tokens[i]?.type === 'seq-item-ind'; i++) starts.push({ kind: 'seq', column: tokens[i]!.column });
  const key = tokens[i];
  if (key && (tokens[i + 1]?.type === 'map-value-ind' || key.type === 'explicit-key-ind')) starts.push({ kind: 'map', column: key.column });
  return starts;
}

function spaceBetween({ type: before, source }: Token, { type, gap }: Token): number {
  if (type === 'comma' || (type === 'map-value-ind' && before !== 'comma' && !before.endsWith('-start'))) return 0;
  if (type === 'flow-map-end') return before === 'flow-map-start' ? 0 : 1;
  if (before === 'flow-map-start') return 1;
  if (before === 'flow-seq-start' || type === 'flow-seq-end') return 0;
  if (before === 'comma' || before === 'map-value-ind' || before === 'seq-item-ind' || before === 'explicit-key-ind') return 1;
  return source.endsWith('\n') ? 0 : Math.min(gap, 1);
}

/** Tokens line by line. A block scalar is one token with its header; a scalar of several lines is in the line where it begins. */
function linesOf(text: string): (readonly Token[])[] {
  const lines: Token[][] = [[]];
  let column = 0, gap = 0, isScalar = false, header: Token | undefined;
  for (const lexed of new Lexer().lex(text)) {
    const type = CST.tokenType(lexed);
    if (lexed === CST.DOCUMENT || lexed === CST.FLOW_END || type === 'byte-order-mark') continue;
    if (lexed === CST.SCALAR) {
      isScalar = true;
      continue;
    }
    const line = lines.at(-1)!;
    if (isScalar && header) {
      line.push({ type: 'block-scalar', source: `\n${lexed.replace(/\r?\n$/, '')}`, column, gap: 0 }); // from the end of its header's line on
      lines.push([]);
      column = gap = 0;
      header = undefined;
    } else if (!isScalar && type === 'newline') {
      if (!header) lines.push([]);
      column = gap = 0;
    } else if (!isScalar && type === 'space') {
      gap = lexed.length;
      column += lexed.length;
    } else {
      const token: Token = { type: isScalar ? 'scalar' : type ?? 'scalar', source: lexed, column, gap };
      line.push(token);
      if (token.type === 'block-scalar-header') header = token;
      const newline = lexed.lastIndexOf('\n');
      column = newline < 0 ? column + lexed.length : lexed.length - newline - 1;
      gap = 0;
    }
    isScalar = false;
  }
  return lines;
}
