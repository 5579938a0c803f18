import { execFile } from 'node:child_process';
import { cpus, freemem, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { readdir, readFile } from 'node:fs/promises';
import type { InstalledEngine } from '../../native/engineCache.ts';
import type { Machine } from './machine.ts';
import type { MachineFacts } from '../../../protocol/runEvent.ts';
import { cudaOf, gpusOf, type GraphicsTexts } from './graphics.ts';
import { libraryFolders } from '../../../base/environment.ts';

/** Processor, memory and graphics of this computer. What cannot be read is left out; nothing here takes more than a second or two. */
export async function readMachineFacts({ threads }: Machine, installed: InstalledEngine | undefined): Promise<MachineFacts> {
  const texts = await readGraphics(installed);
  const cuda = process.platform === 'linux' ? cudaOf(texts) : undefined;
  return {
    processor: cpus()[0]?.model.trim() ?? process.arch, cores: threads,
    memoryBytes: Math.min(totalmem(), process.constrainedMemory() || Infinity), freeBytes: freemem(),
    gpus: gpusOf(texts), ...(cuda && { cuda }),
  };
}

async function readGraphics(installed: InstalledEngine | undefined): Promise<GraphicsTexts> {
  const nvidia = '/proc/driver/nvidia', bus = '/sys/bus/pci/devices';
  const [nvidiaVersion, information, pci, devices, libraries] = await Promise.all([
    textOf(join(nvidia, 'version')), textsIn(join(nvidia, 'gpus'), 'information'), textsIn(bus, 'uevent'), namesIn('/dev'),
    Promise.all(libraryFolders().map(namesIn)),
  ]);
  const engine = installed && (await readdir(installed.folder, { recursive: true })).map((path) => basename(path));
  const hasDriver = nvidiaVersion !== undefined || devices.some((name) => name.startsWith('nvidia')) || process.platform === 'win32';
  const [nvidiaSmi, ldconfig] = hasDriver ? await Promise.all([
    said('nvidia-smi', ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader,nounits']),
    said('/sbin/ldconfig', ['-p']),
  ]) : [];
  return {
    nvidiaInformation: information, pci, devices, libraries: libraries.flat(), ...(engine && { engine, engineCuda: installed.cuda }),
    ...(nvidiaVersion !== undefined && { nvidiaVersion }), ...(nvidiaSmi !== undefined && { nvidiaSmi }), ...(ldconfig !== undefined && { ldconfig }),
  };
}

const textOf = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);
const namesIn = (folder: string): Promise<readonly string[]> => readdir(folder).catch(() => []);

/** One file of that name in each folder below. */
async function textsIn(folder: string, file: string): Promise<readonly string[]> {
  const texts = await Promise.all((await namesIn(folder)).map((name) => textOf(join(folder, name, file))));
  return texts.filter((text) => text !== undefined);
}

/** What a program prints, or undefined where there is none, it fails, or it hangs (as nvidia-smi does with a broken driver). */
const said = (program: string, args: readonly string[]): Promise<string | undefined> => new Promise((resolve) => {
  execFile(program, args, { timeout: 2000, killSignal: 'SIGKILL', windowsHide: true }, (error, stdout) => resolve(error ? undefined : stdout));
});
