import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import { diagnosticText } from '../../../src/protocol/diagnostic.ts';
import type { Diagnostic } from '../../../src/protocol/diagnostic.ts';
import { rng } from '../../../src/base/rng.ts';
import { parseExperiment, readExperiment } from '../../../src/experiment/parse.ts';
import { resolveExperiment } from '../../../src/experiment/resolve.ts';

const problemsOf = (text: string | Uint8Array): readonly Diagnostic[] => {
  const parsed = parseExperiment(text, 'f.thaw.yaml');
  return parsed.ok ? [] : parsed.errors;
};
const codesOf = (text: string | Uint8Array): readonly string[] => problemsOf(text).map(({ code }) => code);

/** A sound file around one more line. */
const withLine = (line: string): string => `thaw: 1\ndata: { folder: flowers }\n${line}\n`;

test('a file with many mistakes gets all of them at once, each at its word, with what was probably meant', () => {
  const text = `thaw: 2
task: image
data:
  folder: flowers
  splt: 3
  split: { train: 70, validation: 15%, test: 0.15x, seed: 7.5 }
backbone: efficientnet_lite
stages:
  - { name: probe, train: [haed], epochs: 10, rat: 1e-3 }
  - { train: [blocks.9, "blocks.5"], layerDecay: "0,75", epochs: }
  - 5
stop: 4
controls: [blind, blind, kn]
scratchBudget: 5
scratchBudget: no
`;
  const resolved = resolveExperiment(text, { file: 'f.thaw.yaml', folderOf: (folder) => folder, backbones: bundledBackbones });
  assert.ok(!resolved.ok);
  assert.deepEqual(resolved.errors.map(diagnosticText), [
    'f.thaw.yaml:1:7 error unsupported-version: this file is for version 2 of Thaw’s experiments; this Thaw knows version 1 (update Thaw, or write `thaw: 1`)',
    'f.thaw.yaml:2:7 error wrong-type: task is the text "image" (write image-classification, image-multi-label or image-regression)',
    'f.thaw.yaml:5:3 error unknown-key: unknown key "splt" in data (did you mean "split"?)',
    'f.thaw.yaml:6:19 error out-of-range: data.split.train is 70 (did you mean 70%?)',
    'f.thaw.yaml:6:46 error wrong-type: data.split.test is the text "0.15x" (write a share, 0.01 to 0.98 or 1% to 98%)',
    'f.thaw.yaml:6:59 error wrong-type: data.split.seed is 7.5 (did you mean 8?)',
    'f.thaw.yaml:7:11 error unknown-backbone: no backbone "efficientnet_lite" (did you mean "efficientnet_lite0"?)',
    'f.thaw.yaml:9:47 error unknown-key: unknown key "rat" in stage 1 (did you mean "rate"?)',
    'f.thaw.yaml:10:50 error wrong-type: layerDecay of stage 2 is the text "0,75" (did you mean 0.75?)',
    'f.thaw.yaml:10:58 error wrong-type: epochs of stage 2 is left empty (write a whole number, 1 to 10000)',
    'f.thaw.yaml:11:5 error wrong-type: stage 3 is 5 (write a map with the keys name, train, headStart, epochs, steps, leaveAfter, optimizer, momentum, rate, layerDecay, schedule, power, warmup, weightDecay, clip, accumulate, batchNorm, dropout, dropPath, loss, gamma, delta, labelSmoothing, classBalance, mixup, cutmix, augment, views, regularize, ema, wiseFt)',
    'f.thaw.yaml:12:7 error wrong-type: stop is 4 (write a map with the keys patience, metric, minImprovement)',
    'f.thaw.yaml:13:19 error duplicate-key: "blind" stands twice in controls (take one out)',
    'f.thaw.yaml:13:26 error wrong-type: item 2 of controls is the text "kn" (did you mean "knn"?)',
    'f.thaw.yaml:14:16 error wrong-type: scratchBudget is 5 (write "5 min" or "5 s")',
    'f.thaw.yaml:15:1 error duplicate-key: the key "scratchBudget" stands twice (take one out)',
  ]);
});

test('a range covers the very word, in UTF-16 units and with Windows line ends', () => {
  const text = 'thaw: 1\r\ndata: { folder: "🌷" , sped: 1 }\r\n';
  const [problem] = problemsOf(text);
  assert.ok(problem);
  assert.equal(problem.code, 'unknown-key');
  assert.deepEqual(problem.where?.range, { start: { line: 1, character: 23 }, end: { line: 1, character: 27 } });
});

const hostile: readonly (readonly [what: string, text: string | Uint8Array, code: string])[] = [
  ['an empty file', '', 'missing-key'],
  ['a file of comments', '# thaw: 1\n', 'missing-key'],
  ['a list', '[1, 2]', 'wrong-type'],
  ['a bare word', 'hello', 'wrong-type'],
  ['two documents', 'thaw: 1\n---\nthaw: 1\n', 'yaml-syntax'],
  ['an unclosed bracket', withLine('stages: [{'), 'yaml-syntax'],
  ['an unclosed quote', withLine('task: "image'), 'yaml-syntax'],
  ['a tab for indentation', 'thaw: 1\ndata:\n\tfolder: x\n', 'yaml-syntax'],
  ['an alias bomb', `a: &a [x, x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [*a, *a]`).join('\n')}`, 'yaml-syntax'],
  ['a merge key', withLine('<<: { seed: 3 }'), 'unknown-key'],
  ['a tag', withLine('seed: !!js/function 3'), 'yaml-syntax'],
  ['__proto__', withLine('__proto__: { polluted: 1 }'), 'unknown-key'],
  ['constructor', withLine('constructor: 1'), 'unknown-key'],
  ['toString as an option', withLine('task: toString'), 'wrong-type'],
  ['a list as a key', withLine('? [a, b]\n: 1'), 'wrong-type'],
  ['infinity', withLine('batch: .inf'), 'out-of-range'],
  ['not a number', withLine('batch: .nan'), 'out-of-range'],
  ['not a share', withLine('stages: [{ warmup: .nan }]'), 'wrong-type'],
  ['a number too large for a float', withLine('seed: 1e999'), 'out-of-range'],
  ['a pattern of stars', withLine(`stages: [{ train: ["${'*a'.repeat(40)}"] }]`), 'out-of-range'],
  ['a key of 60,000 characters', withLine(`${'k'.repeat(60_000)}: 1`), 'yaml-syntax'], // YAML allows 1024 in an implicit key
  ['ten megabytes', 'a: 1\n'.repeat(2_000_000), 'yaml-syntax'],
  ['60,000 open brackets', '['.repeat(60_000), 'yaml-syntax'],
  ['60,000 dashes (ends the process inside the YAML library)', '- '.repeat(30_000), 'yaml-syntax'],
  ['300 levels of indentation', Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'yaml-syntax'],
  ['Latin-1 bytes', new Uint8Array([0x74, 0x68, 0x61, 0x77, 0x3a, 0x20, 0xe4]), 'yaml-syntax'],
  ['UTF-16 bytes', new Uint8Array([0xff, 0xfe, 0x74, 0, 0x68, 0]), 'yaml-syntax'],
  ['ten megabytes of bytes', new Uint8Array(10_000_000).fill(0x61), 'yaml-syntax'],
];

for (const [what, text, code] of hostile) {
  test(`${what}: a diagnostic, not an exception`, () => {
    const codes = codesOf(text);
    assert.ok(codes.includes(code), `${code} not in ${codes.join(', ')}`);
  });
}

test('no prototype is touched by any key', () => {
  problemsOf(withLine('__proto__: { polluted: 1 }'));
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('thousands of problems are counted, not listed', () => {
  const problems = problemsOf(Array.from({ length: 5000 }, (_, i) => `k${i}: 1`).join('\n'));
  assert.equal(problems.length, 101);
  assert.equal(problems.at(-1)?.message, '4902 more problems in this file');
});

test('UTF-8 with a byte order mark is read', () => {
  assert.deepEqual(codesOf(new TextEncoder().encode(`\ufeff${withLine('seed: 3')}`)), []);
});

const good: readonly (readonly [line: string, path: string, value: unknown])[] = [
  ['stages: [{ warmup: 70% }]', 'warmup', 0.7],
  ['stages: [{ warmup: 7.1 % }]', 'warmup', 0.071],
  ['stages: [{ warmup: 0.25 }]', 'warmup', 0.25],
  ['stages: [{ rate: 1e-3 }]', 'rate', 0.001],
];
for (const [line, key, value] of good) {
  test(`${line} is read as ${String(value)}`, () => {
    const parsed = parseExperiment(withLine(line), '');
    assert.ok(parsed.ok);
    assert.equal((parsed.value.written.values['stages'] as readonly Record<string, unknown>[])[0]![key], value);
  });
}

for (const [text, minutes] of [['90 s', 1.5], ['5 min', 5], ['1 h', 60], ['2.5min', 2.5], ['auto', 'auto'], ['off', 'off']] as const) {
  test(`a budget of ${text} is ${minutes}${typeof minutes === 'number' ? ' minutes' : ''}`, () => {
    const parsed = parseExperiment(withLine(`scratchBudget: ${text}`), '');
    assert.ok(parsed.ok);
    assert.equal(parsed.value.written.values['scratchBudget'], minutes);
  });
}

const syntax: readonly (readonly [lines: string, said: string])[] = [
  ['stages:\n\t- {}', '4:1 a tab indents this line (YAML is indented by spaces)'],
  ['stages:\n  - epochs: 3\n   rate: 1', '5:1 this line is indented like no other of its list (indent it like the lines that it belongs to, or begin it with "- ")'],
  ['stages: [', '4:1 a list does not end (close it with ], before the next key)'],
  ['stop: { patience: 3', '4:1 a map does not end (close it with }, before the next key)'],
  ['backbone: "x', '4:1 a text in quotes does not end (close it with ")'],
  ['backbone: a: b', '3:11 a key stands within the value of another (indent it like its neighbours; a text that has ": " in it goes in quotes)'],
  ['batch:8', '3:1 a key without a value (write `key: value`, with a space behind the colon)'],
  ['batch: @8', '3:8 a value cannot begin with @ (write it in quotes)'],
  ['---\nthaw: 1', '3:1 a second document begins here (an experiment is one: take out the line `---`)'],
  ['controls: [knn]]', '3:16 ] without its beginning (take it out)'],
  ["backbone: 'it's'", '3:15 something stands behind a value that has ended (put it on a line of its own, or all of it in quotes)'],
  ['batch: &b 8', '3:11 anchor "&b" (take it out: nothing here may refer to it)'],
];
for (const [lines, said] of syntax) {
  test(`the syntax of ${JSON.stringify(lines)} is told once, at its place, with what to do`, () => {
    const found = readExperiment(withLine(lines), '').diagnostics.filter(({ code }) => code === 'yaml-syntax');
    assert.deepEqual(found.map(({ message, fix, where }) => `${where!.range!.start.line + 1}:${where!.range!.start.character + 1} ${message} (${fix ?? ''})`), [said]);
  });
}

test('3,000 random texts of YAML’s own characters never throw, and never pass as an experiment', () => {
  const random = rng(1, 'garbage');
  const pieces = ['thaw: 1', 'data:', ' folder: x', 'stages:', '- ', '  ', '\n', '\t', '{', '}', '[', ']', ',', ':', '? ', '#', '"', "'", '|', '>', '&a ', '*a', '!!str ', '%', '@', '`', '---', '...', '\\', '\u0000', '\u2028', '\ud800', 'é', '1e3', '.nan', '~', 'train', '<<: ', '\r', '\ufeff'];
  let passed = 0;
  for (let i = 0; i < 3000; i++) {
    const text = Array.from({ length: random.int(40) }, () => pieces[random.int(pieces.length)]!).join('');
    passed += Number(resolveExperiment(text, { file: '', folderOf: (folder) => folder, backbones: bundledBackbones }).ok);
  }
  assert.equal(passed, 0);
});

test('2,000 sound files with one character changed never throw', () => {
  const random = rng(2, 'mutations'), sound = withLine('stages:\n  - { name: probe, train: [head], rate: 1e-3 } # first\n  - train:\n      - head\n      - blocks.6');
  let passed = 0;
  for (let i = 0; i < 2000; i++) {
    const at = random.int(sound.length), character = String.fromCharCode(random.int(127));
    passed += Number(resolveExperiment(sound.slice(0, at) + character + sound.slice(at + 1), { file: '', folderOf: (folder) => folder, backbones: bundledBackbones }).ok);
  }
  assert.ok(passed > 100 && passed < 1900, `${passed} of 2000 still sound`); // both ways are exercised
});
