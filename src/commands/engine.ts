import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { userCacheFolder } from '../base/environment.ts';
import { bytes } from '../base/units.ts';
import { formatJson } from '../protocol/jsonText.ts';
import type { Options } from '../terminal/arguments.ts';
import { engineList } from '../terminal/engineList.ts';
import { installLine } from '../terminal/installLine.ts';
import { exitCodes } from '../trainer/child/exit.ts';
import { interruptedBytes, listEngines } from '../trainer/native/engineCache.ts';
import { engineOffers, enginesNamed, installCommand, removeCommand } from '../trainer/native/engineCommand.ts';
import { ink, print, wrongUsage } from './output.ts';
import { refused, valueOf } from './problems.ts';
import { telling, withLiveLine } from './withLiveLine.ts';

export async function engine([what = 'list', ...more]: readonly string[], options: Options): Promise<number> {
  const cacheDir = userCacheFolder();
  if (what === 'list' && more.length === 0) {
    const engines = await listEngines({ cacheDir });
    return print(options.json ? formatJson(engines) : engineList(engines, await interruptedBytes(cacheDir), ink));
  }
  if (what === 'remove' && more.length <= 1) return removeEngine(cacheDir, more[0], options);
  if (what === 'install' && more.length === 0) return installEngine(cacheDir, options);
  return wrongUsage('thaw engine install | list | remove [version]');
}

async function installEngine(cacheDir: string, options: Options): Promise<number> {
  const { cuda = false, json } = options;
  const offer = (await engineOffers({ cacheDir })).find((each) => each.cuda === cuda);
  if (cuda && offer && !offer.installed) {
    await agreed(`${offer.title}: up to ${bytes(offer.fetchBytes)} to fetch, ${bytes(offer.diskBytes)} on the disk.`, options);
  }
  const done = await withLiveLine(options, (say, signal) => installCommand({
    cacheDir, cuda, signal, source: options.source, from: options.from === undefined ? undefined : resolve(options.from), onProgress: telling(options, say, installLine),
  }));
  if (!done) return exitCodes.stopped;
  const installed = valueOf(done);
  return print(json ? formatJson({ type: 'installed', ...installed }) : installed.title);
}

async function removeEngine(cacheDir: string, version: string | undefined, options: Options): Promise<number> {
  const engines = valueOf(await enginesNamed(version, { cacheDir })), leftBytes = version === undefined ? await interruptedBytes(cacheDir) : 0;
  const sizeBytes = engines.reduce((sum, each) => sum + each.sizeBytes, leftBytes);
  if (sizeBytes > 0) await agreed(`${[...engines.map(({ name }) => name), ...leftBytes > 0 ? ['an interrupted install'] : []].join(', ')}: ${bytes(sizeBytes)} will be removed.`, options);
  valueOf(await removeCommand(cacheDir, engines, { everything: version === undefined }));
  if (options.json) return print(formatJson({ removed: engines.map(({ name }) => name), freedBytes: sizeBytes }));
  return print(sizeBytes > 0 ? `${bytes(sizeBytes)} freed` : 'there was no native engine');
}

/** Throws Refused unless the person agrees; nobody is asked who cannot answer. */
async function agreed(what: string, { yes, json }: Options): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY || json) throw refused('out-of-range', what, undefined, 'say --yes if that is meant');
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asked.question(`${what} Go on? [y/N] `).finally(() => asked.close());
  if (!/^y(es)?$/i.test(answer.trim())) throw refused('out-of-range', 'left as it was', undefined, 'answer y to go on');
}
