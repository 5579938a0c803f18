import type { ByteStore } from '../../src/base/byteStore.ts';

/** A ByteStore in memory, to be looked into and damaged by tests. Counts what is read and appended. */
export class MemoryStore implements ByteStore {
  readonly entries = new Map<string, Uint8Array<ArrayBuffer>>();
  reads: { readonly name: string; readonly lengthBytes: number }[] = [];
  appends = 0;
  touched: string[] = [];
  /** Appends beyond so many bytes in all fail half done, as on a full disk. */
  capacityBytes = Infinity;

  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.entries.keys()].reverse()); // the contract promises no order
  }

  sizeOf(name: string): Promise<number | undefined> {
    return Promise.resolve(this.entries.get(name)?.length);
  }

  read(name: string, offsetBytes: number, lengthBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    this.reads.push({ name, lengthBytes });
    const bytes = this.entries.get(name)?.slice(offsetBytes, offsetBytes + lengthBytes);
    return bytes?.length === lengthBytes ? Promise.resolve(bytes) : Promise.reject(new Error(`${name} is shorter`));
  }

  append(name: string, data: Uint8Array): Promise<void> {
    this.appends++;
    const used = [...this.entries.values()].reduce((sum, { length }) => sum + length, 0);
    const fitting = data.subarray(0, Math.max(0, this.capacityBytes - used)), before = this.entries.get(name) ?? new Uint8Array(0);
    const after = new Uint8Array(before.length + fitting.length);
    after.set(before);
    after.set(fitting, before.length);
    this.entries.set(name, after);
    if (fitting.length === data.length) return Promise.resolve();
    return Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
  }

  touch(name: string): Promise<void> {
    this.touched.push(name);
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    this.entries.delete(name);
    return Promise.resolve();
  }
}
