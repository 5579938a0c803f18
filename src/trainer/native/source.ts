import type { Diagnostic } from '../../protocol/diagnostic.ts';
import type { Archive } from './archive.ts';
import type { EngineBuild, Package } from './pins.ts';
import type { ZipDirectory } from './zip.ts';

/** Where the bytes of an engine come from: a file at hand (fileSource.ts), an address (urlSource.ts), the user's package clients (clientSource.ts). */
export interface Source {
  /**
   * The archive that holds all members of `wanted`; undefined when this source has no such package. What else goes
   * wrong rejects: HttpProblem, BadArchive, Refused, the system's errors.
   */
  open(wanted: Package, build: EngineBuild): Promise<Opened | undefined>;
  /** What it will fetch for that package: for meters, and for the disk. */
  fetchBytesOf(wanted: Package): number;
  /** Said when it has none of the builds. */
  lacks(builds: readonly EngineBuild[]): Diagnostic;
  close(): Promise<void>;
}

export interface Opened {
  readonly archive: Archive;
  readonly directory: ZipDirectory;
  /** Its bytes lie on this disk: unpacking is all that is left. */
  readonly local: boolean;
  /** Frees what the source kept for it. */
  release(): Promise<void>;
}

export const holds = (directory: ZipDirectory, { members }: Package): boolean => members.every(({ path }) => directory.has(path));
