import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Page } from 'playwright-core';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytes } from '../../src/base/units.ts';
import { listEngines } from '../../src/trainer/native/engineCache.ts';
import { diskBytesOf } from '../../src/trainer/native/pins.ts';
import { engineToPack, packOf } from '../support/enginePack.ts';
import { FaultyServer } from '../support/faultyServer.ts';
import { asSafetensors, HubServer, lite0Name, lite0Repository, randomLite0 } from '../support/hubServer.ts';
import { quick } from '../support/product.ts';
import { photoWorkspace } from '../support/photoWorkspace.ts';
import { cancel, inWorkbench, notifications, notified, openFile, openThaw, quickPick, runCommand, screenshot, view, webviewFrame } from './workbench.ts';

/** What Thaw fetches and keeps, as a person has it fetched and cleared: each done, cancelled, and refused in words that help. */
void test('an engine, a backbone and the feature cache: fetched, cancelled, refused and cleared by hand', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-sources-')), cache = join(folder, 'cache'), name = `hf:${lite0Name}`;
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
  const hub = await HubServer.start(t), server = await FaultyServer.start(t, {});
  hub.repositories.set(lite0Name, lite0Repository());
  const workspace = await photoWorkspace(join(folder, 'workspace'), { classes: 2, perClass: 4 });
  const features = join(workspace, '.thaw', 'cache', 'features');
  await putFeatures(features, { aa: 'efficientnet_lite0 up to global_pool, 224 × 224', bb: 'efficientnet_lite0 up to blocks.4, 224 × 224' });

  await mkdir(join(workspace, '.vscode'));
  await writeFile(join(workspace, '.vscode', 'settings.json'), JSON.stringify({ 'thaw.engineSource': server.address('/packs') })); // of the machine: not read from a person's own
  await inWorkbench('sources', { workspace, dataFolder: join(folder, 'server'), env: { THAW_CACHE: cache, HF_ENDPOINT: hub.endpoint } }, async ({ page }) => {
    await openThaw(page);
    await runCommand(page, 'Thaw: Install Native Engine');
    await notified(page, /Install Native Engine: http:\/\/127\.0\.0\.1:\d+\/packs has no engine for \S+ It needs one of: thaw-engine-/);
    await dismissed(page);
    server.fault = () => true; // never an answer
    await runCommand(page, 'Thaw: Install Native Engine');
    await cancel(page, /Installing the native engine/);
    for (let left = 50; (await readdir(join(cache, 'engine')).catch(() => [])).length > 0; left--) { // the trainer tidies up behind the notification
      assert.ok(left > 0, 'a cancelled install leaves nothing');
      await sleep(100);
    }
    await notifications(page).first().waitFor({ state: 'hidden' }); // nothing is said: the person knows

    const engine = await engineToPack(); // as `thaw engine install` put it there before these tests
    if (engine) {
      const pack = await readFile(await packOf(engine)), { tensorflow, packages } = engine.build, { members } = packages[0]!, title = `TensorFlow ${tensorflow}`;
      server.files.set(`/packs/${basename(engine.pack)}`, pack);
      let goOn = (): void => undefined;
      const read = new Promise<void>((resolve) => { goOn = resolve; });
      server.fault = (request, response) => {
        const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
        if (Number(from) < members[0]!.sizeBytes || Number(to) - Number(from) < members.at(-1)!.sizeBytes) return false;
        void read.then(() => server.send(request, response, pack)); // the last library waits until a person has read how far the install is
        return true;
      };
      await writeFile(join(workspace, 'all.thaw.yaml'), 'thaw: 1\ndata: { folder: photos }\nstages: [{ train: [all], epochs: 1000 }]\ncontrols: []\n');
      await openFile(page, 'all.thaw.yaml');
      await page.locator('.editor-actions').getByRole('button', { name: 'Run Experiment' }).click();
      const offer = await notified(page, /This run takes about .+; with TensorFlow about .+ \(\d+\.\d × faster, up to \d+ MiB to fetch\)\. The next run would use it\./);
      await screenshot(page, 'sources-5-offer');
      await offer.getByRole('button', { name: 'Install Native Engine' }).click();
      await notified(page, new RegExp(`Installing the native engine: fetching \\d{3} MiB of ${bytes(diskBytesOf(engine.build))} · `));
      await screenshot(page, 'sources-4-installing');
      assert.deepEqual(await listEngines({ cacheDir: cache }), [], 'half an engine is none');
      goOn();
      await notified(page, /TensorFlow \d+\.\d+\.\d+ is installed\. The next run uses it where it is fastest\./);
      await dismissed(page);
      await runCommand(page, 'Thaw: Stop Run');
      await webviewFrame(page).getByText(/^Stopped/).first().waitFor({ timeout: 60_000 });
      await screenshot(page, 'run-stopped');
      await webviewFrame(page).getByRole('button', { name: 'Resume' }).click();
      await webviewFrame(page).getByText(/^Training/).first().waitFor({ timeout: 60_000 }); // on the page of the run that takes its place, and on the engine that it had
      await webviewFrame(page).getByText(/^WebAssembly .* asked for/).first().waitFor();
      await runCommand(page, 'Thaw: Stop Run');
      await webviewFrame(page).getByText(/^Stopped/).first().waitFor({ timeout: 60_000 });
      await runCommand(page, 'View: Close All Editors');
      const [installed, ...others] = await listEngines({ cacheDir: cache });
      assert.deepEqual([installed?.tensorflow, installed?.state, others], [tensorflow, 'used', []]);
      assert.ok((await readdir(installed!.folder)).includes('tfjs_binding.node'), 'it came as a pack, with its binding');
      await runCommand(page, 'Thaw: Diagnose Engines');
      await quickPick(page).locator('.monaco-list-row').filter({ hasText: title }).waitFor();
      await screenshot(page, 'sources-3-engines');
      await page.keyboard.press('Escape');
      await quickPick(page).waitFor({ state: 'hidden' });
    } else t.diagnostic('no native engine on this machine: that one is installed is not looked at');
    server.fault = () => false;

    await typeBackbone(page, 'resnet50');
    await quickPick(page).getByText('Write hf:owner/name.').waitFor();
    await page.keyboard.press('Escape');
    await quickPick(page).waitFor({ state: 'hidden' });
    await addBackbone(page, 'hf:timm/resnet18.nobody');
    await notified(page, /Add Backbone…: the hub shows no timm\/resnet18\.nobody: it does not exist, or it is private Check the name/);
    await screenshot(page, 'sources-1-refused');
    await dismissed(page);

    hub.next(/GET content/, { trickle: 10_000 });
    await addBackbone(page, name);
    await cancel(page, /Fetching hf:.* of 9\.1 MiB/);
    assert.equal(await view(page, 'Backbones').getByRole('treeitem', { name: /in1k/ }).count(), 0);
    await addBackbone(page, name);
    await notified(page, /is here: 9\.1 MiB, licence apache-2\.0/);
    await view(page, 'Backbones').getByRole('treeitem', { name: /in1k/ }).first().waitFor();
    await dismissed(page);

    await runCommand(page, 'Thaw: Clear Feature Cache');
    const rows = quickPick(page).locator('.monaco-list-row');
    await rows.filter({ hasText: 'blocks.4' }).waitFor();
    await screenshot(page, 'sources-2-clear');
    await page.keyboard.press('Escape');
    await quickPick(page).waitFor({ state: 'hidden' });
    assert.equal((await readdir(features)).length, 6, 'nothing is cleared by looking');
    await runCommand(page, 'Thaw: Clear Feature Cache');
    await rows.filter({ hasText: 'global_pool' }).click(); // its tick goes
    await quickPick(page).getByRole('button', { name: 'OK' }).click();
    await notified(page, /2\.0 KiB freed/);
    assert.deepEqual((await readdir(features)).sort(), ['aa-000001-x.data', 'aa-000001-x.index', 'aa.about']);
    await dismissed(page);

    const files = { ...lite0Repository().files, 'model.safetensors': asSafetensors(randomLite0(1, 1000)) }; // others than are here
    for (const repo of ['test/first', 'test/second']) hub.repositories.set(repo, { files, access: 'gated' });
    hub.token = 'hf_verysecret';
    await addBackbone(page, 'hf:test/first');
    await notified(page, /is open only to those who have accepted its terms Accept them at http:\S+\/test\/first, then set a token/);
    await dismissed(page);
    await setToken(page, hub.token);
    await notified(page, /The hub token is stored with your secrets\./);
    await writeFile(join(workspace, 'gated.thaw.yaml'), `thaw: 1\ndata: { folder: photos }\nbackbone: hf:test/first\n${quick}`);
    await openFile(page, 'gated.thaw.yaml');
    await page.locator('.editor-actions').getByRole('button', { name: 'Run Experiment' }).click();
    await webviewFrame(page).getByText(/^Finished/).waitFor({ timeout: 120_000 });
    await dismissed(page);
    await setToken(page, '');
    await notified(page, /The hub token was forgotten\./);
    await addBackbone(page, 'hf:test/second');
    await notified(page, /is open only to those who have accepted its terms/);
    assert.deepEqual(new Set(hub.asked.filter(({ path }) => /test\/(first|second)/.test(path)).map(({ server, authorization }) => `${server} ${authorization ?? 'nobody'}`)),
      new Set(['hub nobody', `hub Bearer ${hub.token}`, 'content nobody']), 'the token went to the hub, and nowhere on from there');
  });
  const looked: string[] = [];
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    if (!file.isFile() || (await stat(path)).size > 5e7) continue; // TensorFlow's library
    assert.ok(!(await readFile(path)).includes('verysecret'), `${path} holds the token`);
    looked.push(path);
  }
  for (const kind of [/runs.*journal/, /runs.*run\.json$/, /server.*Thaw\.log$/, /cache.models/]) assert.ok(looked.some((path) => kind.test(path)), `${String(kind)} is among the ${looked.length} files`);
});

/** As runs leave them: a segment of 1 KiB behind an index of as much, for each key. */
async function putFeatures(folder: string, titles: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [key, title] of Object.entries(titles)) {
    await writeFile(join(folder, `${key}.about`), title);
    for (const ending of ['data', 'index']) await writeFile(join(folder, `${key}-000001-x.${ending}`), new Uint8Array(1024));
  }
}

async function dismissed(page: Page): Promise<void> {
  await runCommand(page, 'Notifications: Clear All Notifications');
  await notifications(page).first().waitFor({ state: 'hidden' });
}

/** Types a name into the box, which is another one than the palette's. */
async function typeBackbone(page: Page, name: string): Promise<void> {
  await runCommand(page, 'Thaw: Add Backbone');
  await page.getByPlaceholder('hf:timm/resnet50.a1_in1k').fill(name);
  await page.keyboard.press('Enter');
}

async function setToken(page: Page, token: string): Promise<void> {
  await runCommand(page, 'Thaw: Set Hub Token');
  await page.getByPlaceholder('hf_…').fill(token);
  await page.keyboard.press('Enter');
  await quickPick(page).waitFor({ state: 'hidden' });
}

async function addBackbone(page: Page, name: string): Promise<void> {
  await typeBackbone(page, name);
  await quickPick(page).waitFor({ state: 'hidden' });
}
