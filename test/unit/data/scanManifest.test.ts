import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { ColumnPlan, Plan } from '../../../src/experiment/plan.ts';
import type { Scan } from '../../../src/data/sample.ts';
import { diagnosticText, type Checked } from '../../../src/protocol/diagnostic.ts';
import { rng } from '../../../src/base/rng.ts';
import { scanManifest } from '../../../src/data/manifest/scanManifest.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const auto: ColumnPlan = { image: 'auto', label: 'auto', split: 'auto' };

/** A manifest beside the files a.jpg … f.jpg and deep/g.jpg. */
function scanned(t: TestContext, name: string, content: string | Uint8Array, task: Plan['task'] = 'image-classification', columns: Partial<ColumnPlan> = {}): Promise<Checked<Scan>> {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'deep'));
  for (const file of ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg', 'e.jpg', 'f.jpg', 'deep/g.jpg']) writeFileSync(join(folder, file), file);
  writeFileSync(join(folder, name), content);
  return scanManifest(join(folder, name), { task, columns: { ...auto, ...columns } });
}

const rows = (scan: Checked<Scan>): string[] => scan.ok ? scan.value.files.map(({ id, label, givenSplit }) => `${id} ${label}${givenSplit ? ` ${givenSplit}` : ''}`) : scan.errors.map(diagnosticText);
const remarks = (scan: Checked<Scan>): string[] => (scan.ok ? scan.value.diagnostics : scan.warnings).filter(({ code }) => code === 'manifest-row').map((each) => diagnosticText(each));

test('columns are found by their usual names, and commas, semicolons, tabs, marks and Windows line ends are read alike', async (t) => {
  const expected = ['a.jpg cat train', 'b.jpg "big" dog, old test', 'deep/g.jpg cat validation'];
  for (const [name, content] of [
    ['x.csv', 'file_name,Category,split\na.jpg,cat,train\nb.jpg,"""big"" dog, old",TEST\ndeep/g.jpg,cat,val\n'],
    ['y.csv', '\ufeffPath;class;Set\r\n./a.jpg;cat;train\r\n\r\n b.jpg ; """big"" dog, old" ;test\r\ndeep/../deep/g.jpg;cat;valid'],
    ['z.tsv', 'label\tsubset\timage\ncat\ttrain\ta.jpg\n"""big"" dog, old"\ttest\tb.jpg\ncat\tvalidation\tdeep/g.jpg\n'],
    ['w.jsonl', '{"image": "a.jpg", "label": "cat", "split": "train"}\n\n{"image": "b.jpg", "label": "\\"big\\" dog, old", "split": "test"}\n{"image": "deep/g.jpg", "label": "cat", "split": "validation"}'],
  ] as const) assert.deepEqual(rows(await scanned(t, name, content)), expected, name);
});

test('each bad row costs only itself, and is named with its line and what to write', async (t) => {
  const scan = await scanned(t, 'labels.csv', [
    'image,label,split', 'a.jpg,cat,train', 'gone.jpg,cat,train', 'b.jpg,,train', 'c.jpg,dog,tset', '"d".jpg,dog,test', 'd.jpg,dog,test,extra', 'e"e.jpg,dog,test',
    ',dog,test', 'a.jpg,dog,train', 'deep,dog,train', 'f.jpg,dog,', 'e.jpg,"dog,train', 'e.jpg,dog,val', '',
  ].join('\n'));
  assert.deepEqual(rows(scan), ['a.jpg cat train', 'e.jpg dog validation', 'f.jpg dog']);
  assert.deepEqual(remarks(scan).sort((a, b) => Number(/:(\d+)/.exec(a)![1]) - Number(/:(\d+)/.exec(b)![1])), [
    'labels.csv:3:1 error manifest-row: "gone.jpg" is not there (paths are relative to the manifest, or absolute)',
    'labels.csv:4:1 error manifest-row: the label is empty (write one, or take the row out)',
    'labels.csv:5:1 error manifest-row: "tset" is no split (did you mean "test"?)',
    'labels.csv:6:1 error manifest-row: "." stands right behind a closing quote (double the quotes inside a quoted text: "a ""b"" c")',
    'labels.csv:7:1 error manifest-row: 4 cells where the first line names 3 columns (put texts with a separator in quotes)',
    'labels.csv:8:1 error manifest-row: a quote stands in the middle of a text that is not quoted (put the whole text in quotes, and double those inside)',
    'labels.csv:9:1 error manifest-row: no image is named in "image" (write its path, or take the row out)',
    'labels.csv:10:1 error manifest-row: "a.jpg" stands in line 2 too (keep one of the rows)',
    'labels.csv:11:1 error manifest-row: "deep" is a folder, not an image (paths are relative to the manifest, or absolute)',
    'labels.csv:13:1 error manifest-row: a quote is opened and not closed (double the quotes inside a quoted text: "a ""b"" c")',
  ]);
});

test('bad lines of JSON and bytes that are no UTF-8 are said likewise', async (t) => {
  const scan = await scanned(t, 'labels.jsonl', '{"image": "a.jpg", "label": "cat"}\n{"image": "b.jpg", "label": "dog"}\n{oops\n[1]\n{"image": 7, "label": "cat"}\n{"image": "c.jpg", "label": ["cat", "dog"]}\n');
  assert.deepEqual(remarks(scan).map((text) => text.replace(/ \(.*/, '')), ['labels.jsonl:3:1 error manifest-row: not JSON', 'labels.jsonl:4:1 error manifest-row: not a JSON object',
    'labels.jsonl:5:1 error manifest-row: no image is named in "image"', 'labels.jsonl:6:1 error manifest-row: the label is a list']);
  const latin = await scanned(t, 'latin.csv', Buffer.from('image,label\na.jpg,K\xf6ln\nb.jpg,Bonn\nc.jpg,Trier\n', 'latin1'));
  assert.deepEqual(remarks(latin), ['latin.csv:2:1 error manifest-row: the row is not UTF-8 text (save the file as UTF-8)']);
});

test('several labels stand between | or ;, or in a JSON array, which may be empty', async (t) => {
  const scan = await scanned(t, 'tags.csv', 'image,tags\na.jpg,sky|sea\nb.jpg,"[""sea"", ""sky""]"\nc.jpg,sea ; boat\nd.jpg,[]\ne.jpg,\nf.jpg,sky||sea\n', 'image-multi-label');
  assert.ok(scan.ok);
  assert.deepEqual(scan.value.files.map(({ id, label, labels, stratum }) => [id, label, labels, stratum]), [
    ['a.jpg', 'sea|sky', ['sea', 'sky'], 'sky'], ['b.jpg', 'sea|sky', ['sea', 'sky'], 'sky'], ['c.jpg', 'boat|sea', ['boat', 'sea'], 'boat'], ['d.jpg', '', [], ''],
  ]);
  assert.deepEqual(remarks(scan), ['tags.csv:6:1 error manifest-row: there is no label (write [] for an image that has none of them)', 'tags.csv:7:1 error manifest-row: one of the labels is empty (take a separator out)']);
});

test('numbers are read as they are written, and what is none says what was meant', async (t) => {
  const scan = await scanned(t, 'n.csv', 'image;age\na.jpg;3.5\nb.jpg;-2e3\nc.jpg;3,5\nd.jpg;ten\ne.jpg;\nf.jpg;Infinity\n', 'image-regression');
  assert.ok(scan.ok);
  assert.deepEqual(scan.value.files.map(({ id, target }) => [id, target]), [['a.jpg', 3.5], ['b.jpg', -2000]]);
  assert.deepEqual(remarks(scan).map((text) => text.slice('n.csv:4:1 error manifest-row: '.length)), ['"3,5" is no number (did you mean 3.5?)', '"ten" is no number (write it like 3.5 or -2e3, without a unit)', 'the number is empty (write one, or take the row out)', '"Infinity" is no number (write it like 3.5 or -2e3, without a unit)']);
});

test('a manifest that cannot be used at all says why, and which columns it has', async (t) => {
  const error = async (content: string, columns: Partial<ColumnPlan> = {}): Promise<string> => rows(await scanned(t, 'x.csv', content, 'image-classification', columns))[0]!.replace(/^\S+ /, '');
  assert.equal(await error('a.jpg,cat\nb.jpg,dog\n'), 'error manifest-column: no column is called as one with images would be; it has "a.jpg", "cat" (begin the file with the names of its columns (image,label), or name it in data.columns.image)');
  assert.equal(await error('image,foo,bar\na.jpg,1,2\n'), 'error manifest-column: no column is called as one with labels would be; it has "image", "foo", "bar" (name it in data.columns.label)');
  assert.equal(await error('image,kind\na.jpg,cat\n', { label: 'knid' }), 'error manifest-column: the manifest has no column "knid"; it has "image", "kind" (did you mean "kind"?)');
  assert.equal(await error(''), 'error empty-folder: the manifest has no row (add a line for each image: image,label)');
  assert.equal(await error('image,label\na.jpg,cat\nb.jpg,cat\n'), 'error one-class: all rows have the label "cat": there is nothing to tell apart (add images with another label)');
  assert.equal(await error('image,label\nx.jpg,cat\n'), 'error all-files-bad: no row can be used (see what is said about each of them)');
  assert.match(rows(await scanManifest('/nowhere/x.csv', { task: 'image-classification', columns: auto }))[0]!, /error no-manifest: there is no such manifest \(check the path\)$/);
});

test('300 random files end in rows or diagnostics with a line inside the file, never in an exception', async (t) => {
  const pieces = ['a.jpg', 'b.jpg', 'cat', '"', '""', ',', ';', '\t', '\n', '\r\n', '\r', ' ', '[', ']', '{', '}', '\u0000', 'image', 'label', 'é', '|', '\ufeff', '{"image":"a.jpg","label":"x"}', 'image,label\n'];
  let bad = 0, good = 0;
  for (let seed = 0; seed < 300; seed++) {
    const { int } = rng(seed, 'manifest');
    const content = (seed % 2 ? 'image,label\na.jpg,1\nb.jpg,2\n' : '') + Array.from({ length: int(60) }, () => pieces[int(pieces.length)]!).join('');
    const task = (['image-classification', 'image-multi-label', 'image-regression'] as const)[seed % 3]!;
    const scan = await scanned(t, seed % 5 === 0 ? 'f.jsonl' : 'f.csv', content, task), said = scan.ok ? scan.value.diagnostics : [...scan.errors, ...scan.warnings];
    const lines = content.split(/\r\n|\r|\n/).length;
    for (const { where } of said) if (where?.range) assert.ok(where.range.start.line < lines, JSON.stringify(content));
    bad += said.length;
    good += scan.ok ? scan.value.files.length : 0;
  }
  assert.ok(bad > 300 && good > 100, `${bad} diagnostics, ${good} rows`);
});
