import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Refused } from '../../protocol/diagnostic.ts';
import { openFile } from './fileSource.ts';
import { failed, noClient } from './installProblems.ts';
import { fetchPackage, type FetchOptions } from './packageClients.ts';
import { holds, type Source } from './source.ts';

export interface Clients {
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes: (moreBytes: number) => void;
  readonly commands?: FetchOptions['commands'];
}

/** The user's own pip, uv or Maven. */
export const clientSource = ({ folder, signal, onBytes, commands }: Clients): Source => ({
  async open(wanted) {
    const own = await mkdtemp(join(folder, 'package-')), { archiveBytes } = wanted;
    let seen = 0;
    const upTo = (bytes: number): void => {
      onBytes(bytes - seen);
      seen = bytes;
    };
    const fetched = await fetchPackage(wanted, own, {
      signal, ...(commands && { commands }), onBytes: (bytes) => upTo(Math.max(seen, Math.min(bytes, archiveBytes))), // they copy the finished file once more
    });
    if (fetched.kind === 'no-client') return undefined;
    if (fetched.kind === 'failed') {
      upTo(0);
      throw new Refused([failed(`${fetched.command} could not fetch ${wanted.package} ${wanted.version}: ${fetched.why}`, 'fetch it elsewhere and run `thaw engine install --from <file>`')]);
    }
    upTo(archiveBytes);
    const opened = await openFile(fetched.file);
    if (!holds(opened.directory, wanted)) throw new Refused([failed(`${opened.archive.name} holds no TensorFlow library of a known package`, 'fetch it again')]);
    return { ...opened, release: () => opened.archive.close().then(() => rm(own, { recursive: true, force: true })) };
  },
  fetchBytesOf: ({ archiveBytes }) => archiveBytes,
  lacks: noClient,
  close: () => Promise.resolve(),
});
