/** What can keep the native engine from being installed, and what to do then. */
import { bytes } from '../../base/units.ts';
import type { Diagnostic } from '../../protocol/diagnostic.ts';
import { nameOf, type Source } from './pins.ts';

export const failed = (message: string, fix: string): Diagnostic => ({ code: 'engine-failed', severity: 'error', message, fix });

export const noClient = (candidates: readonly Source[]): Diagnostic => ({
  code: 'engine-missing', severity: 'error',
  message: 'found neither pip nor Maven to fetch the native engine with',
  fix: `install one of them, or fetch a package elsewhere and run \`thaw engine install --from <file>\`: ${candidates.map(nameOf).join('; ')}`,
});

export const unsupported = (platform: string, known: readonly Source[]): Diagnostic => ({
  code: 'engine-missing', severity: 'error',
  message: known.length > 0
    ? `the native engine has not been tried on ${platform} yet: no hashes are pinned for ${known.map(nameOf).join('; ')}`
    : `there is no native engine for ${platform}`,
  fix: 'the built-in engine works here',
});

export const tooLittleSpace = (neededBytes: number, freeBytes: number): Diagnostic =>
  diskFull(`the native engine needs ${bytes(neededBytes)} while it is installed; ${bytes(freeBytes)} are free`);

/** An error of the file system. */
export function systemProblem({ code, message }: NodeJS.ErrnoException, cacheDir: string): Diagnostic {
  switch (code) {
    case 'ENOSPC': return diskFull('the disk is full');
    case 'EACCES': case 'EPERM': case 'EROFS': case 'ENOTDIR':
      return { code: 'unwritable', severity: 'error', message: `${cacheDir} cannot be written`, fix: 'set THAW_CACHE to a folder that can', where: { file: cacheDir } };
    default: return failed(message, 'try again');
  }
}

const diskFull = (message: string): Diagnostic =>
  ({ code: 'disk-full', severity: 'error', message, fix: 'free some space, or set THAW_CACHE to a folder on another disk' });
