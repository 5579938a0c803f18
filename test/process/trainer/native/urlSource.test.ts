import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { rng } from '../../../../src/base/rng.ts';
import type { Checked } from '../../../../src/protocol/diagnostic.ts';
import { interruptedBytes, removeInterrupted, type InstalledEngine } from '../../../../src/trainer/native/engineCache.ts';
import { installEngine, type InstallOptions, type InstallProgress } from '../../../../src/trainer/native/install.ts';
import type { EngineBuild, Member } from '../../../../src/trainer/native/pins.ts';
import { FaultyServer } from '../../../support/faultyServer.ts';
import { temporaryFolder } from '../../../support/temporary.ts';
import { zipFile } from '../../../support/zipFile.ts';

/** Bytes that cannot be packed, so that what crosses the network can be counted. */
const random = rng(2, 'library');
const noise = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.int(256));
const members = { 'lib/large.so': noise(3_000_000), 'lib/small.so': noise(20_000), 'lib/unwanted.bin': noise(2_000_000) };
const wheel = zipFile(members);
const neededBytes = 3_020_000;

const pinOf = (path: keyof typeof members): Member =>
  ({ path, sizeBytes: members[path].length, packedBytes: members[path].length, sha256: createHash('sha256').update(members[path]).digest('hex') });
const wanted = { version: '1.0', archiveBytes: wheel.length, members: [pinOf('lib/large.so'), pinOf('lib/small.so')] } as const;
const pipBuild: EngineBuild = { tensorflow: '9.9.9', packages: [{ ...wanted, client: 'pip', package: 'My_Engine.cpu', tag: 'linux', file: 'engine-1.0-linux.whl' }] };
const mavenBuild: EngineBuild = { tensorflow: '8.8.8', packages: [{ ...wanted, client: 'maven', package: 'org.engine:native', tag: 'linux', file: 'native-1.0-linux.jar' }] };
const path = '/packs/engine.zip', quick = { stallMs: 300, pausesMs: [5, 5, 5] };

/** An empty cache and the address as its source; no package client is at hand. */
async function optionsFor(t: TestContext, source: string): Promise<InstallOptions> {
  const cacheDir = join(temporaryFolder(t), 'cache');
  await mkdir(cacheDir);
  return { cacheDir, source, platform: 'here', pins: { here: [pipBuild, mavenBuild] }, patience: quick, commands: { pip: [], maven: [] } };
}

const entries = ({ cacheDir }: InstallOptions): Promise<string[]> => readdir(join(cacheDir, 'engine')).catch(() => []);

async function assertInstalled(result: Checked<InstalledEngine>, options: InstallOptions, tensorflow = '9.9.9'): Promise<void> {
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.errors));
  assert.equal(result.value.tensorflow, tensorflow);
  assert.deepEqual(new Uint8Array(await readFile(join(result.value.folder, 'large.so'))), members['lib/large.so']);
  assert.deepEqual(new Uint8Array(await readFile(join(result.value.folder, 'small.so'))), members['lib/small.so']);
  assert.deepEqual(await entries(options), [`tensorflow-${tensorflow}-here`]);
}

/** Refused in these words and with a fix; nothing is left behind. */
async function assertRefused(result: Checked<InstalledEngine>, options: InstallOptions, words: RegExp, fix = /./): Promise<void> {
  assert.ok(!result.ok);
  assert.match(result.errors.map(({ message }) => message).join('; '), words);
  assert.match(result.errors[0]!.fix ?? '', fix);
  assert.deepEqual(await entries(options), []);
}

test('only the wanted members cross the network', async (t) => {
  const server = await FaultyServer.start(t, { [path]: wheel }), options = await optionsFor(t, server.address(path)), seen: InstallProgress[] = [];
  await assertInstalled(await installEngine({ ...options, onProgress: (progress) => seen.push(progress) }), options);
  assert.ok(server.sentBytes > neededBytes && server.sentBytes < neededBytes + 100_000, `${server.sentBytes} bytes`);
  assert.equal(server.asked.length, 4); // size, directory, two members
  assert.ok(seen.every(({ activity }) => activity === 'fetching'));
  assert.ok(seen.at(-1)!.doneBytes >= neededBytes && seen.length > 20);
});

test('below an address lies a pack by its name, or a package index, or a Maven repository', async (t) => {
  const index = `<html><body><a href="../../files/other.whl">engine-1.0-mac.whl</a>\n<A class="x" HREF='../../files/e.whl?a=1&amp;b=2#sha256=00'>engine-1.0-linux.whl</A></body></html>`;
  for (const [files, tensorflow] of [
    [{ '/mirror/thaw-engine-9.9.9-here.zip': wheel }, '9.9.9'],
    [{ '/mirror/my-engine-cpu/': index, '/files/e.whl?a=1&b=2': wheel }, '9.9.9'],
    [{ '/mirror/org/engine/native/1.0/native-1.0-linux.jar': wheel }, '8.8.8'],
  ] as const) {
    for (const address of ['/mirror', '/mirror/']) {
      const server = await FaultyServer.start(t, files), options = await optionsFor(t, server.address(address));
      await assertInstalled(await installEngine(options), options, tensorflow);
    }
  }
});

test('connections that are cut go on where they were cut', async (t) => {
  const server = await FaultyServer.start(t, { [path]: wheel }), options = await optionsFor(t, server.address(path));
  server.fault = (request, response) => server.send(request, response, wheel, { cutAfter: 400_000 });
  await assertInstalled(await installEngine(options), options);
  assert.ok(server.asked.length >= 8 && server.sentBytes < 1.3 * neededBytes, `${server.asked.length} requests, ${server.sentBytes} bytes`); // what was under way is lost
  const starts = server.asked.map(({ range }) => Number(/=(\d+)/.exec(range!)![1])).slice(2, 9);
  assert.deepEqual(starts.slice(1).map((start, i) => start > starts[i]!), starts.slice(1).map(() => true)); // nothing twice
});

test('an install that lost its server is continued by the next one, unless the file has changed', async (t) => {
  const server = await FaultyServer.start(t, { [path]: wheel }), options = await optionsFor(t, server.address(path));
  server.fault = (request, response) => server.sentBytes > 1_500_000 ? Boolean(response.destroy()) : server.send(request, response, wheel, { cutAfter: 400_000 });
  const first = await installEngine(options);
  assert.ok(!first.ok);
  assert.match(first.errors[0]!.fix!, /what has come so far is kept/);
  assert.match((await entries(options)).join(), /^interrupted-[\w-]+$/);
  assert.ok(await interruptedBytes(options.cacheDir) > 1_400_000);

  server.fault = () => false;
  server.sentBytes = 0;
  await assertInstalled(await installEngine(options), options);
  assert.ok(server.sentBytes < neededBytes - 1_400_000, `${server.sentBytes} bytes the second time`);
});

test('what another file left is not mixed into this one', async (t) => {
  const other = Buffer.from(wheel);
  other.fill(7, 1000, 2000);
  const server = await FaultyServer.start(t, { [path]: other }), options = await optionsFor(t, server.address(path));
  server.fault = (request, response) => server.sentBytes > 1_500_000 ? Boolean(response.destroy()) : server.send(request, response, other);
  assert.ok(!(await installEngine({ ...options, signal: undefined })).ok);
  server.fault = () => false;
  server.files.set(path, wheel);
  await assertInstalled(await installEngine(options), options);
});

test('what an interrupted install kept can be removed', async (t) => {
  const server = await FaultyServer.start(t, { [path]: wheel }), options = await optionsFor(t, server.address(path));
  server.fault = (request, response) => server.sentBytes > 800_000 ? Boolean(response.destroy()) : server.send(request, response, wheel, { cutAfter: 900_000 });
  assert.ok(!(await installEngine(options)).ok);
  await removeInterrupted(options.cacheDir);
  assert.deepEqual([await interruptedBytes(options.cacheDir), await entries(options)], [0, []]);
});

test('a file that changes while it is fetched is refused, not mixed', async (t) => {
  const server = await FaultyServer.start(t, { [path]: wheel }), options = await optionsFor(t, server.address(path));
  server.fault = (request, response) => server.send(request, response, server.asked.length > 4 ? Buffer.concat([wheel, Buffer.alloc(1)]) : wheel, { cutAfter: 400_000 });
  await assertRefused(await installEngine(options), options, /has changed while it was fetched/);
});

test('a member with other bytes is refused by its hash, and nothing of it is kept', async (t) => {
  const forged = zipFile({ ...members, 'lib/large.so': noise(3_000_000) });
  const server = await FaultyServer.start(t, { [path]: forged }), options = await optionsFor(t, server.address(path));
  await assertRefused(await installEngine(options), options, /engine\.zip: lib\/large\.so .*sha256 differs/);
});

test('a server without ranges is read whole, from the beginning when it is cut', async (t) => {
  const server = await FaultyServer.start(t, { [path]: wheel }), options = await optionsFor(t, server.address(path));
  server.ranges = false;
  server.fault = (request, response, nth) => nth === 1 && server.send(request, response, wheel, { cutAfter: 100_000 });
  await assertInstalled(await installEngine(options), options);
  assert.equal(server.asked.length, 3);
});

test('without an ETag, ranges still work, and hashes decide', async (t) => {
  const server = await FaultyServer.start(t, { [path]: wheel }), options = await optionsFor(t, server.address(path));
  server.etag = false;
  server.fault = (request, response) => server.send(request, response, wheel, { cutAfter: 900_000 });
  await assertInstalled(await installEngine(options), options);
});

for (const [status, words, fix] of [
  [401, /answered 401 \(it asks for a name and a password\)/, /https:\/\/name:token@/],
  [403, /answered 403/, /--from/],
  [404, /has no engine for here/, /thaw-engine-9\.9\.9-here\.zip; My_Engine\.cpu 1\.0/],
  [418, /answered 418/, /check the address/],
] as const) {
  test(`an answer of ${status} is refused at once, with what to do`, async (t) => {
    const server = await FaultyServer.start(t, {}), options = await optionsFor(t, server.address(path));
    server.fault = (_, response) => Boolean(response.writeHead(status).end());
    await assertRefused(await installEngine(options), options, words, fix);
    assert.equal(server.asked.length, 1);
  });
}

test('busy servers are asked again, after the pause that they ask for', async (t) => {
  const server = await FaultyServer.start(t, { [path]: wheel }), options = await optionsFor(t, server.address(path));
  server.fault = (_, response, nth) => nth < 2 && Boolean(response.writeHead(nth === 0 ? 503 : 429, { 'retry-after': '0.3' }).end());
  const start = performance.now();
  await assertInstalled(await installEngine(options), options);
  assert.ok(performance.now() - start > 600);
});

test('a server that is always busy is given up', async (t) => {
  const server = await FaultyServer.start(t, {}), options = await optionsFor(t, server.address(path));
  server.fault = (_, response) => Boolean(response.writeHead(503).end());
  await assertRefused(await installEngine(options), options, /answered 503 \(it is overloaded\)/, /try again/);
  assert.equal(server.asked.length, 1 + quick.pausesMs.length);
});

test('credentials in the address are used, shown to nobody, and not handed on to another server', async (t) => {
  const other = await FaultyServer.start(t, { '/file.zip': wheel });
  const server = await FaultyServer.start(t, {}), options = await optionsFor(t, server.address('/guarded.zip', 'me:p%40ss@'));
  const right = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
  server.fault = (request, response) => Boolean(request.headers.authorization === right ? response.writeHead(302, { location: other.address('/file.zip') }).end() : response.writeHead(401).end());
  await assertInstalled(await installEngine(options), options);
  assert.ok(other.asked.length > 0 && other.asked.every(({ authorization }) => authorization === undefined));
  const wrong = await optionsFor(t, server.address('/guarded.zip', 'me:wrong@')), refused = await installEngine(wrong);
  await assertRefused(refused, wrong, /answered 401/);
  assert.doesNotMatch(JSON.stringify(refused), /wrong/);
});

test('redirects to another scheme, to plain http elsewhere, and without end are refused', async (t) => {
  const server = await FaultyServer.start(t, {}), options = await optionsFor(t, server.address(path));
  const target = { to: '' };
  server.fault = (_, response) => Boolean(response.writeHead(301, { location: target.to }).end());
  for (const [to, words] of [['https://127.0.0.1:1/x.zip', /redirects to https:.*refused/], ['ftp://127.0.0.1/x.zip', /refused/], ['file:///etc/passwd', /refused/], ['http://192.0.2.1/x.zip', /redirects to http:\/\/192\.0\.2\.1.*refused/], [path, /redirects more than 5 times/]] as const) {
    target.to = to;
    await assertRefused(await installEngine(options), options, words);
  }
});

test('an address that is plain http elsewhere, or none, is refused before anything is asked', async (t) => {
  for (const source of ['http://192.0.2.1/engine.zip', 'ftp://127.0.0.1/engine.zip', 'engine.zip', '']) {
    const options = await optionsFor(t, source);
    await assertRefused(await installEngine(options), options, /is no address to fetch an engine from/, /https:\/\//);
  }
});

test('a server that falls silent, or only drips, is left after the stall time', async (t) => {
  const server = await FaultyServer.start(t, { [path]: wheel }), options = await optionsFor(t, server.address(path));
  server.fault = () => true; // never answers
  await assertRefused(await installEngine(options), options, /sent next to nothing for 0\.3 s/, /try again/);
  server.fault = (request, response) => {
    response.writeHead(206, { 'content-range': `bytes 0-0/${wheel.length}`, 'content-length': 1, 'etag': '"1"' });
    if (request.headers.range === 'bytes=0-0') return Boolean(response.end('x'));
    const drip = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(drip));
    return true;
  };
  const dripping = await installEngine(options);
  assert.ok(!dripping.ok);
});

test('a server that stalls once is asked again', async (t) => {
  const server = await FaultyServer.start(t, { [path]: wheel }), options = await optionsFor(t, server.address(path));
  server.fault = (request, response, nth) => {
    if (nth !== 2) return false;
    response.writeHead(206, { 'content-range': `${request.headers.range!.replace('=', ' ')}/${wheel.length}`, 'etag': `"${createHash('sha256').update(wheel).digest('hex').slice(0, 12)}"` });
    const start = Number(/=(\d+)/.exec(request.headers.range!)![1]);
    response.write(wheel.subarray(start, start + 500_000)); // and then nothing
    return true;
  };
  await assertInstalled(await installEngine(options), options);
});

/** Headers and body for the bytes from `start` up to `end`. */
type Lie = (start: number, end: number) => readonly [headers: Readonly<Record<string, string | number>>, body: Buffer];

test('lengths and ranges that are lies are refused', async (t) => {
  const server = await FaultyServer.start(t, { [path]: wheel }), options = await optionsFor(t, server.address(path));
  const etag = '"1"', total = wheel.length;
  const lies: readonly (readonly [name: string, words: RegExp, ranges: boolean, answer: Lie])[] = [
    ['another range than asked for', /has changed/, true, (start, end) => [{ 'content-range': `bytes ${start + 1}-${end}/${total}`, etag }, wheel.subarray(start, end)]],
    ['another total', /has changed/, true, (start, end) => [{ 'content-range': `bytes ${start}-${end - 1}/${total + (end > 1 ? 1 : 0)}`, etag }, wheel.subarray(start, end)]],
    ['no range at all', /does not say which range/, true, (start, end) => [{ etag }, wheel.subarray(start, end)]],
    ['more than asked for', /sends more than it was asked for/, true, (start, end) => [{ 'content-range': `bytes ${start}-${end - 1}/${total}`, etag }, wheel.subarray(start, end + 5000)]],
    ['a length that never comes', /cut off|aborted|next to nothing/, false, () => [{ 'content-length': total + 5000 }, wheel]],
    ['more than any engine has', /larger than any engine|cut off/, false, () => [{}, Buffer.alloc(100_000_000)]],
  ];
  for (const [name, words, ranges, answer] of lies) {
    server.fault = (request, response) => {
      const [, start, last] = /=(\d+)-(\d+)/.exec(request.headers.range ?? 'bytes=0-0')!.map(Number) as [number, number, number];
      const [headers, body] = answer(start, last + 1);
      response.writeHead(ranges ? 206 : 200, headers);
      response.end(body);
      return true;
    };
    const result = await installEngine(options);
    assert.ok(!result.ok, name);
    assert.match(result.errors.map(({ message }) => message).join('; '), words, name);
    await removeInterrupted(options.cacheDir);
    assert.deepEqual(await entries(options), [], name);
  }
});

test('cancelling in the middle leaves nothing behind, not even what was fetched', async (t) => {
  const server = await FaultyServer.start(t, { [path]: wheel }), options = await optionsFor(t, server.address(path)), cancel = new AbortController();
  const install = installEngine({ ...options, signal: cancel.signal, onProgress: ({ doneBytes }) => { if (doneBytes > 1_000_000) cancel.abort(); } });
  await assert.rejects(install, { name: 'AbortError' });
  assert.deepEqual(await entries(options), []);
  server.fault = () => true;
  const waiting = new AbortController(), hanging = installEngine({ ...options, signal: waiting.signal, patience: { stallMs: 60_000, pausesMs: [] } });
  await sleep(50);
  waiting.abort();
  await assert.rejects(hanging, { name: 'AbortError' });
  assert.deepEqual(await entries(options), []);
});

test('the environment\'s proxy is used, but not for what no_proxy names', async (t) => {
  const server = await FaultyServer.start(t, { [path]: wheel }), options = await optionsFor(t, server.address(path));
  let tunnels = 0;
  const proxy = createServer().on('connect', (request, client, head) => {
    tunnels++;
    const [host, port] = request.url!.split(':') as [string, string], target = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.write(head);
      target.pipe(client).pipe(target);
    });
    for (const socket of [target, client]) socket.on('error', () => { target.destroy(); client.destroy(); });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const saved = { ...process.env };
  t.after(() => {
    Object.assign(process.env, { http_proxy: '', no_proxy: '' }, saved);
    proxy.closeAllConnections();
    proxy.close();
  });
  process.env['http_proxy'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  process.env['no_proxy'] = 'example.invalid';
  await assertInstalled(await installEngine(options), options);
  assert.equal(tunnels, 4);
  process.env['no_proxy'] = '127.0.0.1';
  const again = await optionsFor(t, server.address(path));
  await assertInstalled(await installEngine(again), again);
  assert.equal(tunnels, 4);
});
