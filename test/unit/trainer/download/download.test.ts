import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { rng } from '../../../../src/base/rng.ts';
import { download, WrongContent, type DownloadOptions } from '../../../../src/trainer/download/download.ts';
import { HttpProblem } from '../../../../src/trainer/download/http.ts';
import { HubServer, type Mishap } from '../../../support/hubServer.ts';
import { temporaryFolder } from '../../../support/temporary.ts';

const { int } = rng(1, 'file');
const content = Uint8Array.from({ length: 200_000 }, () => int(256));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const verify = async (file: string): Promise<string | undefined> => sha256(readFileSync(file)) === sha256(content) ? undefined : 'its hash differs';

/** Waits of milliseconds, so that a test does not take the minutes that a person may have. */
const patience = { stallMs: 300, pausesMs: [5, 5] };

interface Setting {
  readonly hub: HubServer;
  readonly url: URL;
  readonly file: string;
  readonly options: DownloadOptions;
  /** Ranges that were asked of the content server. */
  ranges(): readonly (string | undefined)[];
}

async function setting(t: TestContext, ...mishaps: readonly Mishap[]): Promise<Setting> {
  const hub = await HubServer.start(t), folder = temporaryFolder(t);
  hub.repositories.set('owner/name', { files: { 'big.safetensors': content } });
  for (const mishap of mishaps) hub.next(/^GET content/, mishap);
  return {
    hub, url: new URL(`${hub.endpoint}/owner/name/resolve/main/big.safetensors`), file: join(folder, 'blobs', 'big'), options: { totalBytes: content.length, verify, patience },
    ranges: () => hub.asked.filter(({ server }) => server === 'content').map(({ range }) => range),
  };
}

const left = ({ file }: Setting): readonly string[] => existsSync(join(file, '..')) ? readdirSync(join(file, '..')) : [];

const failsWith = (says: RegExp, status?: number) => (error: unknown): boolean => {
  assert.ok(error instanceof HttpProblem, String(error));
  assert.equal(error.status, status);
  assert.match(error.message, says);
  assert.doesNotMatch(error.message, /signature|secret/);
  return true;
};

test('a file arrives whole, under its name alone, with progress to the end', async (t) => {
  const here = await setting(t), seen: number[] = [];
  await download(here.url, here.file, { ...here.options, onBytes: (done) => seen.push(done) });
  assert.deepEqual(new Uint8Array(readFileSync(here.file)), content);
  assert.deepEqual(left(here), ['big']);
  assert.deepEqual([seen[0], seen.at(-1)], [0, content.length]);
});

test('a connection that is cut, again and again, is resumed where it was', async (t) => {
  const here = await setting(t, ...Array.from({ length: 6 }, () => ({ cutAfter: 30_000 })));
  await download(here.url, here.file, here.options);
  assert.deepEqual(new Uint8Array(readFileSync(here.file)), content);
  const [first, ...later] = here.ranges();
  assert.equal(first, undefined);
  assert.equal(later.length, 6, 'more attempts than tries: each one had got further');
  const starts = later.map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]));
  assert.ok(starts.every((start, i) => start > (starts[i - 1] ?? 0)), starts.join());
});

test('a server that falls silent is left and asked again', async (t) => {
  const here = await setting(t, { silentAfter: 50_000 });
  await download(here.url, here.file, here.options);
  assert.deepEqual(new Uint8Array(readFileSync(here.file)), content);
  assert.equal(here.ranges().length, 2);
});

test('slow bytes are waited for: only silence ends a connection', async (t) => {
  const here = await setting(t, { trickle: 8_000 });
  await download(here.url, here.file, { ...here.options, patience: { stallMs: 250, pausesMs: [5] } }); // 25 pieces of 20 ms
  assert.equal(here.ranges().length, 1);
  assert.deepEqual(new Uint8Array(readFileSync(here.file)), content);
});

test('a server without ranges sends all of it anew, and what was there already is passed over', async (t) => {
  const here = await setting(t, { cutAfter: 90_000 }, { ignoresRange: true });
  await download(here.url, here.file, here.options);
  assert.deepEqual(new Uint8Array(readFileSync(here.file)), content);
});

test('a pause that the server asks for is kept, up to a bound', async (t) => {
  const here = await setting(t, { status: 429, headers: { 'retry-after': '0' } }, { status: 503 });
  await download(here.url, here.file, here.options);
  assert.equal(here.ranges().length, 3);
  const long = await setting(t, { status: 429, headers: { 'retry-after': '3600' } });
  await assert.rejects(download(long.url, long.file, long.options), failsWith(/answered 429/, 429));
  assert.equal(long.ranges().length, 1);
  const date = new Date('2026-05-01T12:00:00Z'), dated = await setting(t, { status: 503, headers: { date: date.toUTCString(), 'retry-after': new Date(+date + 3_600_000).toUTCString() } });
  await assert.rejects(download(dated.url, dated.file, dated.options), (error: unknown) => error instanceof HttpProblem && error.retryAfterMs === 3_600_000);
});

test('what does not pass is given up after a few tries, and what came is kept for the next', async (t) => {
  const here = await setting(t, { cutAfter: 60_000 });
  here.hub.next(/^GET content/, { status: 500 }, 3);
  await assert.rejects(download(here.url, here.file, here.options), failsWith(/answered 500$/, 500));
  assert.deepEqual(left(here), [`big.${process.pid}.part`]);
  await download(here.url, here.file, here.options);
  assert.match(here.ranges().at(-1) ?? '', /^bytes=\d{5}-$/);
  assert.deepEqual(left(here), ['big']);
});

test('404 and a host that is not there are said at once, and after two short pauses', async (t) => {
  const here = await setting(t, { status: 404 });
  await assert.rejects(download(here.url, here.file, here.options), failsWith(/answered 404 \(there is no such file\)$/, 404));
  here.hub.stop();
  const patient = { ...patience, pausesMs: [1, 1, 3_600_000] };
  await assert.rejects(download(here.url, here.file, { ...here.options, patience: patient }), failsWith(/^127\.0\.0\.1:\d+: .*ECONNREFUSED/));
});

test('wrong bytes are thrown away and told', async (t) => {
  const here = await setting(t, { corrupt: true });
  await assert.rejects(download(here.url, here.file, here.options), (error: unknown) => error instanceof WrongContent && error.message === 'its hash differs');
  assert.deepEqual(left(here), []);
});

test('what another process has left is taken over; where it does not fit, the file is fetched from its start', async (t) => {
  const { pid } = spawnSync(process.execPath, ['--version']); // gone by now
  const here = await setting(t);
  await download(here.url, join(here.file, '..', 'other'), here.options); // makes the folder
  writeFileSync(`${here.file}.${pid}.part`, content.subarray(0, 150_000));
  await download(here.url, here.file, here.options);
  assert.equal(here.ranges().at(-1), 'bytes=150000-');
  writeFileSync(`${here.file}2.${pid}.part`, new Uint8Array(120_000));
  writeFileSync(`${here.file}3.${pid}.part`, new Uint8Array(content.length + 1));
  await download(here.url, `${here.file}2`, here.options);
  assert.deepEqual(here.ranges().slice(-2), ['bytes=120000-', undefined]);
  await download(here.url, `${here.file}3`, here.options);
  assert.deepEqual(left(here), ['big', 'big2', 'big3', 'other']);
});

test('a part that has every byte already needs none', async (t) => {
  const here = await setting(t);
  await download(here.url, join(here.file, '..', 'other'), here.options);
  writeFileSync(`${here.file}.${process.pid}.part`, content);
  await download(here.url, here.file, here.options);
  assert.equal(here.ranges().length, 1);
  assert.deepEqual(new Uint8Array(readFileSync(here.file)), content);
});

test('cancelling ends it with the reason and keeps what came', async (t) => {
  const here = await setting(t, { trickle: 20_000 }), cancelled = new AbortController();
  const done = download(here.url, here.file, { ...here.options, signal: cancelled.signal, onBytes: (bytes) => { if (bytes > 50_000) cancelled.abort(new Error('enough')); } });
  await assert.rejects(done, { message: 'enough' });
  assert.deepEqual(left(here), [`big.${process.pid}.part`]);
  assert.ok(readFileSync(`${here.file}.${process.pid}.part`).length > 50_000);
});

test('a token goes to the server that it is for, and to no other that it redirects to', async (t) => {
  const here = await setting(t);
  here.hub.token = 'hf_token';
  await download(here.url, here.file, { ...here.options, authorization: 'Bearer hf_token' });
  assert.deepEqual(here.hub.asked.map(({ server, authorization }) => [server, authorization]), [['hub', 'Bearer hf_token'], ['content', undefined]]);
});

test('redirects in circles, and to an address that is not secure, are not followed', async (t) => {
  const here = await setting(t);
  here.hub.next(/^GET hub/, { status: 302, headers: { location: here.url.href } }, 6);
  await assert.rejects(download(here.url, here.file, here.options), failsWith(/redirects more than 5 times$/));
  here.hub.next(/^GET hub/, { status: 302, headers: { location: 'ftp://127.0.0.1/x' } }, 20);
  await assert.rejects(download(here.url, here.file, here.options), failsWith(/redirects to ftp:\/\/127\.0\.0\.1, which is refused$/));
});
