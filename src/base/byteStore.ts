/**
 * A flat place for bytes, so that `engine/` can keep caches without knowing paths.
 * Names are plain file names (letters, digits, '-', '_', '.'). Disk implementation: runs/fileStore.ts.
 */
export interface ByteStore {
  /** Names present, unordered. */
  list(): Promise<readonly string[]>;
  /** Size in bytes, or undefined when there is no such entry. */
  sizeOf(name: string): Promise<number | undefined>;
  /** Exactly `lengthBytes` bytes from `offsetBytes`; rejects when the entry is shorter. */
  read(name: string, offsetBytes: number, lengthBytes: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Appends; creates the entry when missing. Rejects with the system's error (ENOSPC, EACCES). */
  append(name: string, data: Uint8Array): Promise<void>;
  /** Marks the entry as used now: what was used longest ago is removed first where room is wanted. */
  touch(name: string): Promise<void>;
  remove(name: string): Promise<void>;
}
