import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import { cardOf } from '../../../src/backbones/cards.ts';
import { matchPatterns, patternNames } from '../../../src/backbones/freezePlan.ts';
import { freezeTree } from '../../../src/backbones/freezeTree.ts';
import type { FreezeRow } from '../../../src/backbones/freezeTree.ts';
import { rng, type Rng } from '../../../src/base/rng.ts';
import { completeAt } from '../../../src/experiment/completion.ts';
import { applyEdits, setTraining, trainOf } from '../../../src/experiment/edit.ts';
import { hoverAt } from '../../../src/experiment/hover.ts';
import { laidOut } from '../../../src/experiment/layout.ts';
import { lineIndex } from '../../../src/experiment/lineIndex.ts';
import { editsOf } from '../../../src/experiment/mend.ts';
import { mendAll } from '../../../src/experiment/mendAll.ts';
import { entriesOf, foldsOf, headOf } from '../../../src/experiment/outline.ts';
import type { Entry } from '../../../src/experiment/outline.ts';
import { parseExperiment, readExperiment } from '../../../src/experiment/parse.ts';
import { experimentText, presets } from '../../../src/experiment/presets.ts';
import { resolveRead } from '../../../src/experiment/resolve.ts';
import type { ResolveOptions } from '../../../src/experiment/resolve.ts';
import { diagnosticsOf } from '../../../src/protocol/diagnostic.ts';
import type { TextRange } from '../../../src/protocol/diagnostic.ts';
import { randomExperiment } from '../../support/randomExperiment.ts';

const options: ResolveOptions = { file: 'f', folderOf: (written) => resolve('/experiments', written), backbones: bundledBackbones, imagesIn: () => 120 };
const network = cardOf('efficientnet_lite0')!.network(2), names = patternNames(network);

test('10,000 broken documents: no feature of the editor fails, and each answers within the text', (t) => {
  const random = rng(20, 'editor fuzz'), sources = presets.map(({ name }) => experimentText(name, { folder: 'x' }));
  const traces = Error.stackTraceLimit;
  Error.stackTraceLimit = 0; // the YAML library makes an error of each problem; nobody reads where
  t.after(() => { Error.stackTraceLimit = traces; });
  let hovers = 0, completions = 0, mends = 0, entries = 0;
  for (let i = 0; i < 10_000; i++) {
    const text = broken(excerpt(random.next() < 0.1 ? sources[random.int(sources.length)]! : randomExperiment(random, names), random), random);
    const index = lineIndex(text), position = index.positionOf(random.int(text.length + 1));
    const within = (range: TextRange): void => {
      const { start, end } = range, [from, to] = [index.positionOf(index.offsetOf(start)), index.positionOf(index.offsetOf(end))];
      const isInside = from.line === start.line && from.character === start.character && to.line === end.line && to.character === end.character;
      if (!isInside || index.offsetOf(start) > index.offsetOf(end)) assert.fail(`${JSON.stringify(range)} in ${JSON.stringify(text)}`);
    };
    const read = readExperiment(text, 'f'), checked = resolveRead(read, options), problems = diagnosticsOf(checked);
    for (const { where, mend } of problems) {
      if (where?.range) within(where.range);
      const edits = mend && i % 5 === 0 ? editsOf(read.source, mend.changes) : [];
      edits.forEach(({ range }) => within(range));
      mends += edits.length;
    }
    const hover = hoverAt({ read, checked }, position), completed = completeAt(text, position, options);
    if (hover) within(hover.range);
    if (completed) within(completed.word);
    hovers += Number(hover !== undefined);
    completions += completed?.items.length ?? 0;
    const walk = ({ range, selection, name, children }: Entry): void => {
      within(range);
      within(selection);
      if (name === '' || index.offsetOf(range.start) > index.offsetOf(selection.start) || index.offsetOf(selection.end) > index.offsetOf(range.end)) assert.fail(JSON.stringify(text));
      entries++;
      children.forEach(walk);
    };
    entriesOf(read).forEach(walk);
    const lines = text.split(/\r\n?|\n/).length;
    for (const { start, end } of foldsOf(read)) assert.ok(start < end && end < lines);
    const head = headOf(read);
    if (head) within(head);
    if (i % 4 === 0) laidOut(text);
    if (i % 100 === 0) assert.equal(mendAll(mendAll(text, options), options), mendAll(text, options));
  }
  assert.ok(hovers > 100 && completions > 1000 && mends > 200 && entries > 10_000, `${hovers} hovers, ${completions} completions, ${mends} mends, ${entries} entries`); // not all of it was refused unread
});

/** One in eight whole, of the others up to eight lines: as much goes wrong there, in less time. */
function excerpt(text: string, random: Rng): string {
  const lines = text.split('\n'), start = random.int(lines.length);
  return random.next() < 0.125 ? text : lines.slice(start, start + 8).join('\n');
}

/** A document as it is in the midst of typing, or after a mishap: cut, doubled, words swapped, bytes put in. */
function broken(text: string, random: Rng): string {
  const pieces = ['[', ']', '{', '}', ':', ': ', ', ', '\n', '\n  ', '- ', '"', '\'', '#', '|\n', '>-\n', '&a ', '*a', '!t ', '? ', '\t', '\r', '%', '---\n', '...', '\u0000', '\ufeff', '\u2028', '‮', '😀', 'train', 'blocks.', 'head', '1e999', '-1', 'null', '~'];
  for (let times = 1 + random.int(3); times > 0; times--) {
    const at = random.int(text.length + 1), length = random.int(12);
    switch (random.int(6)) {
      case 0: text = text.slice(0, at); break;
      case 1: text = text.slice(0, at) + text.slice(at + length); break;
      case 2: text = text.slice(0, at) + text.slice(at, at + 40) + text.slice(at); break;
      case 3: text = text.slice(0, at) + String.fromCharCode(random.int(random.next() < 0.7 ? 128 : 65536)) + text.slice(at); break;
      default: text = text.slice(0, at) + pieces[random.int(pieces.length)]! + text.slice(at);
    }
  }
  return text;
}

const rows = (tree: readonly FreezeRow[]): FreezeRow[] => tree.flatMap((row) => [row, ...rows(row.children)]);

test('100 sequences of ticks: the text says what the same edits by hand on the set of trained parameters give', () => {
  const random = rng(21, 'tick sequences'), all = rows(freezeTree(network));
  for (let i = 0; i < 100; i++) {
    let text = randomExperiment(random, names);
    const parsed = parseExperiment(text, '');
    assert.ok(parsed.ok);
    const wanted = new Set(matchPatterns(network, trainOf(parsed.value, 0)!).trained);
    for (let ticks = 0; ticks < 8; ticks++) {
      const row = all[random.int(all.length)]!, frozen = random.next() < 0.4;
      for (const name of row.parameters) if (frozen) wanted.delete(name); else wanted.add(name);
      const edits = setTraining(text, [{ path: row.path, trains: !frozen }], { network, stage: 0 });
      assert.ok(edits.ok, text);
      text = applyEdits(text, edits.value);
    }
    const after = parseExperiment(text, '');
    assert.ok(after.ok);
    assert.deepEqual([...matchPatterns(network, trainOf(after.value, 0)!).trained].sort(), [...wanted].sort(), text);
  }
});
