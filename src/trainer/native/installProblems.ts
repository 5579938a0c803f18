/** What can keep the native engine from being installed, and what to do then. */
import { bytes } from '../../base/units.ts';
import { Refused, type Diagnostic } from '../../protocol/diagnostic.ts';
import { HttpProblem } from '../download/http.ts';
import { nameOf, type EngineBuild } from './pins.ts';
import { BadArchive } from './zip.ts';

export const failed = (message: string, fix: string): Diagnostic => ({ code: 'engine-failed', severity: 'error', message, fix });

export const noClient = (builds: readonly EngineBuild[]): Diagnostic => ({
  code: 'engine-missing', severity: 'error',
  message: 'found none of pip, uv and Maven to fetch the native engine with',
  fix: `install one of them, or fetch a package elsewhere and run \`thaw engine install --from <file>\`: ${namesOf(builds)}`,
});

/** "tensorflow-cpu 2.21.0 (manylinux_2_27_x86_64); org.tensorflow:… (linux-x86_64)". */
export const namesOf = (builds: readonly EngineBuild[]): string => builds.map(({ packages }) => packages.map(nameOf).join(' with ')).join('; ');

export const unsupported = (platform: string, cuda: boolean): Diagnostic => ({
  code: 'engine-missing', severity: 'error', message: `there is no native engine ${cuda ? 'with CUDA ' : ''}for ${platform}`,
  fix: cuda ? 'install the one without: `thaw engine install`' : 'the built-in engine works here',
});

export const tooLittleSpace = (neededBytes: number, freeBytes: number): Diagnostic =>
  diskFull(`the native engine needs ${bytes(neededBytes)} while it is installed; ${bytes(freeBytes)} are free`);

/** Whether trying the next build makes no sense: it is the machine or the way to the server that fails. */
export const concernsAll = (error: unknown): boolean => error instanceof HttpProblem || systemCodes.has((error as NodeJS.ErrnoException).code ?? '');

/** Whether what has been fetched may serve another try. */
export const isInterruption = (error: unknown): boolean => error instanceof HttpProblem && error.passing;

/** What to say of anything that an install threw. `from`: the file at hand, when there is one. */
export function problemsOf(error: unknown, { cacheDir, from }: { readonly cacheDir: string; readonly from?: string | undefined }): readonly Diagnostic[] {
  if (error instanceof Refused) return error.diagnostics;
  if (error instanceof HttpProblem) return [httpProblem(error)];
  const { code, message, path } = error as NodeJS.ErrnoException;
  const ofFrom = from !== undefined && path === from;
  if (code !== undefined && systemCodes.has(code) && !ofFrom) return [systemProblem(code, cacheDir)];
  const what = code === 'ENOENT' || code === 'ENOTDIR' ? 'there is no such file' : code === 'EACCES' || code === 'EPERM' ? 'it may not be read' : error instanceof BadArchive || code?.startsWith('Z_') ? `cannot be unpacked: ${message}` : message;
  const problem = failed(from === undefined ? what : `${from}: ${what}`, 'fetch it again');
  return [from === undefined ? problem : { ...problem, where: { file: from } }];
}

function httpProblem({ message, status, passing }: HttpProblem): Diagnostic {
  if (passing) return failed(message, 'try again: what has come so far is kept, and goes on where it stopped');
  if (status === 401 || status === 403) return failed(message, 'write the name and the password or token into the address, https://name:token@…, or fetch the file with a program that knows them and use --from');
  return failed(message, 'check the address of the engine source');
}

const systemCodes = new Set(['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR']);

const systemProblem = (code: string, cacheDir: string): Diagnostic => code === 'ENOSPC' || code === 'EDQUOT' ? diskFull('the disk is full')
  : { code: 'unwritable', severity: 'error', message: `${cacheDir} cannot be written`, fix: 'set THAW_CACHE to a folder that can', where: { file: cacheDir } };

const diskFull = (message: string): Diagnostic =>
  ({ code: 'disk-full', severity: 'error', message, fix: 'free some space, or set THAW_CACHE to a folder on another disk' });
