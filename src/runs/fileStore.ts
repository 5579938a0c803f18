import { mkdirSync } from 'node:fs';
import { open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteStore } from '../base/byteStore.ts';
import { Bug } from '../base/bug.ts';
import { codeOf } from './systemError.ts';
import { nowAt } from '../base/clock.ts';

/** When appended bytes must be on the disk: `each` before append resolves; `never`: when the system sees fit (caches). */
export type SyncPolicy = 'each' | 'never';

/** A folder of byte entries, created when missing. The system's errors (ENOSPC, EACCES) reach the caller as they are. */
export function fileStore(folder: string, sync: SyncPolicy): ByteStore {
  const pathOf = (name: string): string => {
    if (!/^[\w-][\w.-]*$/.test(name)) throw new Bug(`not a name for a store: ${JSON.stringify(name)}`);
    return join(folder, name);
  };
  mkdirSync(folder, { recursive: true });
  return {
    list: () => readdir(folder),

    async sizeOf(name) {
      try {
        return (await stat(pathOf(name))).size;
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    },

    async read(name, offsetBytes, lengthBytes) {
      const file = await open(pathOf(name), 'r');
      try {
        const data = new Uint8Array(lengthBytes);
        for (let done = 0; done < lengthBytes;) {
          const { bytesRead } = await file.read(data, done, lengthBytes - done, offsetBytes + done);
          if (bytesRead === 0) throw new RangeError(`${name} ends ${lengthBytes - done} bytes before ${offsetBytes + lengthBytes}`);
          done += bytesRead;
        }
        return data;
      } finally {
        await file.close();
      }
    },

    async append(name, data) {
      const file = await open(pathOf(name), 'a');
      try {
        await file.writeFile(data); // unlike write: until all is written
        if (sync === 'each') await file.sync();
      } finally {
        await file.close();
      }
    },

    touch: (name) => utimes(pathOf(name), new Date(nowAt()), new Date(nowAt())),

    remove: (name) => rm(pathOf(name), { force: true }),
  };
}
