/** The folder of everything that goes wrong: each of its 153 entries must be treated as test/fixtures/dirty/expected.json says. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { cardOf } from '../../../src/backbones/cards.ts';
import { findDuplicates, type Duplicates } from '../../../src/data/duplicates.ts';
import { prepared } from '../../../src/data/prepare.ts';
import { prepareFile } from '../../../src/data/prepareFile.ts';
import { decodeImage, type Decoded } from '../../../src/data/decode.ts';
import type { Sample, Scan } from '../../../src/data/sample.ts';
import { scanFolder } from '../../../src/data/scan.ts';
import { splitSamples, type Splits } from '../../../src/data/split.ts';
import type { Checked, Diagnostic, DiagnosticCode } from '../../../src/protocol/diagnostic.ts';
import { jsonFixture } from '../../support/fixture.ts';
import { repoRoot } from '../../support/root.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { readFileSync } from 'node:fs';

type Corner = 'tl' | 'tr' | 'bl' | 'br';

interface Expected {
  readonly path: string;
  readonly label: string | null;
  readonly sha256?: string;
  readonly expect: 'ok' | 'ok-after-conversion' | 'warn' | 'error' | 'ignore';
  readonly kind: string;
  readonly group?: string;
  readonly upright_size?: readonly [number, number];
  readonly upright_corners?: Readonly<Record<Corner, readonly number[]>>;
  readonly tolerance?: number;
  readonly mean8?: number;
}

/** The code by which each kind is reported, where its name differs. A kind that needs no word maps to none. */
const codeOf: Readonly<Record<string, DiagnosticCode | undefined>> = {
  'ok': undefined, 'odd-name': undefined, 'webp': undefined, 'bmp': undefined, 'tiff': undefined, 'avif': undefined,
  'hidden': 'hidden-file', 'nested': 'nested-folder',
  'cmyk': 'converted', 'grayscale': 'converted', '16-bit': 'converted', 'alpha': 'converted', 'palette': 'converted', 'bilevel': 'converted', 'animated': 'converted', 'exif-orientation': 'converted',
};

const { files: expected } = jsonFixture<{ files: readonly Expected[] }>('dirty/expected.json');
const worker = new URL('../../../src/data/decodeWorker.js', import.meta.url);
const plan = { train: 0.7, validation: 0.15, test: 0.15, seed: 7, keepTogether: 'near-duplicates' } as const;

let folder: string, scan: Scan, duplicates: Duplicates, splits: Checked<Splits>;
const samples = new Map<string, Sample>();
/** Everything that was said, by the id it is about. */
const said = new Map<string, Diagnostic[]>();

before(async (context) => {
  folder = temporaryFolder(context as Parameters<typeof temporaryFolder>[0]);
  const unpacked = spawnSync('tar', ['-xzf', join(repoRoot, 'test/fixtures/dirty/dirty-images.tar.gz'), '-C', folder], { encoding: 'utf8' });
  assert.equal(unpacked.status, 0, unpacked.stderr);
  const scanned = await scanFolder(folder);
  assert.ok(scanned.ok);
  scan = scanned.value;
  const all = [...scan.diagnostics];
  for await (const item of prepared(scan, cardOf('efficientnet_lite0')!.input, ['centre'], { worker })) {
    if ('problem' in item) all.push(item.problem);
    else {
      assert.equal(item.views?.get('centre')?.length, 224 * 224 * 3, item.file.id);
      samples.set(item.file.id, { ...item.file, facts: item.facts });
      all.push(...item.facts.notes);
    }
  }
  duplicates = findDuplicates([...samples.values()]);
  splits = splitSamples(duplicates.samples, plan, undefined, scan.files);
  assert.ok(splits.ok);
  all.push(...duplicates.diagnostics, ...splits.value.diagnostics);
  for (const diagnostic of all) {
    const { file } = diagnostic.where ?? assert.fail(`${diagnostic.code} names no file`);
    said.set(file, [...said.get(file) ?? [], diagnostic]);
  }
});

/** What was said about the entry, about a folder that holds it (its class among them), or about another file as its duplicate. */
function aboutEntry({ path, label }: Expected): readonly Diagnostic[] {
  const places = new Set([path.replace(/\/$/, ''), label ?? '']);
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) places.add(path.slice(0, at));
  const asDuplicate = [...duplicates.leftOut.values()].filter(({ message }) => message.includes(JSON.stringify(path)));
  return [...[...places].flatMap((place) => said.get(place) ?? []), ...asDuplicate];
}

test('each of the 153 entries is used or left out as it should be, and said so where it should be', () => {
  const isSuperuser = process.getuid?.() === 0; // reads everything, also the file without read permission
  let checked = 0;
  for (const entry of expected) {
    const { path, expect, kind } = entry, sample = samples.get(path), about = aboutEntry(entry);
    if (kind === 'permission-denied' && isSuperuser) { checked++; continue; }
    const code = Object.hasOwn(codeOf, kind) ? codeOf[kind] : kind;
    const word = about.find((diagnostic) => diagnostic.code === code);
    if (code !== undefined && !(expect === 'ok' && kind === 'exif-orientation')) assert.ok(word, `${path}: nothing says ${code}; said: ${about.map((each) => each.code).join(', ')}`);
    const used = sample !== undefined && !duplicates.leftOut.has(sample.id);
    switch (expect) {
      case 'ok': case 'ok-after-conversion':
        assert.ok(used, `${path} is used`);
        assert.equal(sample.label, entry.label, path);
        assert.ok(about.every((each) => each.where?.file !== path || each.severity !== 'error'), `${path}: no error`);
        break;
      case 'warn': assert.equal(word?.severity, 'warning', path); break;
      case 'error':
        assert.ok(!used, `${path} is left out`);
        assert.equal(word?.severity, 'error', path);
        break;
      case 'ignore':
        assert.ok(!used, `${path} is not used`);
        assert.equal(word?.severity, 'information', path);
    }
    checked++;
  }
  assert.equal(checked, 153);
});

test('pictures come out upright, in their own colours and at their own brightness', async () => {
  let checked = 0;
  for (const { path, upright_size: size, upright_corners: corners, tolerance = 0, mean8 } of expected) {
    if (!corners && mean8 === undefined) continue;
    const decoded = await decodeImage(readFileSync(join(folder, path)));
    assert.ok(decoded.ok, path);
    if (size) assert.deepEqual([decoded.value.width, decoded.value.height], size, path);
    for (const [corner, rgb] of Object.entries(corners ?? {})) assertNear(cornerOf(decoded.value, corner as Corner), rgb, tolerance, `${path} ${corner}`);
    if (mean8 !== undefined) assertNear([meanOf(decoded.value)], [mean8], 0.5, `${path} mean`);
    checked++;
  }
  assert.equal(checked, 11);
});

function cornerOf({ pixels: { width, height, data } }: Decoded, corner: Corner): number[] {
  const x = corner.endsWith('l') ? 4 : width - 5, y = corner.startsWith('t') ? 4 : height - 5, at = (y * width + x) * 3;
  return [...data.subarray(at, at + 3)];
}

const meanOf = ({ pixels: { data } }: Decoded): number => data.reduce((sum, value) => sum + value, 0) / data.length;

function assertNear(got: readonly number[], want: readonly number[], tolerance: number, what: string): void {
  assert.ok(got.length === want.length && got.every((value, i) => Math.abs(value - want[i]!) <= tolerance), `${what}: ${got.join()} is not ${want.join()} ± ${tolerance}`);
}

test('pictures of one duplicate group are found together, and groups stay apart', () => {
  const groupOf = new Map(duplicates.samples.map(({ id, duplicateGroup }) => [id as string, duplicateGroup]));
  const seen = new Map<string, string>();
  for (const name of ['near-0', 'near-1', 'near-2', 'near-conflict']) {
    const members = expected.filter(({ group }) => group === name).map(({ path }) => groupOf.get(path));
    assert.equal(new Set(members).size, 1, name);
    assert.ok(members[0] !== undefined, name);
    assert.ok(!seen.has(members[0]), `${name} is not ${seen.get(members[0])}`);
    seen.set(members[0], name);
  }
  for (const [name, left] of [['conflict-1', 2], ['same-1', 2]] as const) {
    const members = expected.filter(({ group }) => group === name);
    assert.equal(members.filter(({ path }) => duplicates.leftOut.has(path as Sample['id'])).length, left, name);
  }
});

test('no duplicate group is parted by the splits', () => {
  assert.ok(splits.ok);
  const splitsOf = new Map<string, Set<unknown>>();
  for (const { id, duplicateGroup } of duplicates.samples) {
    if (duplicateGroup === undefined) continue;
    splitsOf.set(duplicateGroup, (splitsOf.get(duplicateGroup) ?? new Set()).add(splits.value.splits.get(id)));
  }
  assert.ok(splitsOf.size >= 4);
  for (const [group, into] of splitsOf) assert.equal(into.size, 1, group);
});

test('what was read is what lies on the disk', () => {
  let checked = 0;
  for (const { path, sha256 } of expected) {
    const sample = samples.get(path);
    if (!sample) continue;
    assert.equal(sample.facts.sha256, sha256, path);
    checked++;
  }
  assert.equal(checked, samples.size);
});

test('a picture of 400 megapixels is refused without its pixels being decoded', async () => {
  const before = process.memoryUsage().rss;
  const result = await prepareFile(join(folder, 'cardboard/bomb_20000x20000.png'), cardOf('efficientnet_lite0')!.input, ['centre']);
  assert.ok(!result.ok);
  assert.equal(result.errors[0]!.code, 'too-large');
  assert.ok(process.memoryUsage().rss - before < 100e6, 'memory did not grow with it');
});
