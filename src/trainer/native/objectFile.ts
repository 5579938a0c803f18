/** Which platform a compiled file is for, by its header: ELF (System V ABI), Mach-O (64 bit), PE. */

/** "linux-x64", or undefined when it is none of these. `start`: the first bytes of the file; a few hundred are enough. */
export function platformOf(start: Buffer): string | undefined {
  if (start.length < 64) return undefined;
  if (start.readUInt32BE(0) === 0x7f454c46) return named('linux', elf[start.readUInt16LE(18)]);
  if (start.readUInt32LE(0) === 0xfeedfacf) return named('darwin', machO[start.readUInt32LE(4)]);
  if (start.toString('latin1', 0, 2) !== 'MZ') return undefined;
  const header = start.readUInt32LE(0x3c);
  return header + 6 <= start.length && start.toString('latin1', header, header + 4) === 'PE\0\0' ? named('win32', pe[start.readUInt16LE(header + 4)]) : undefined;
}

const elf: Readonly<Record<number, string>> = { 0x3e: 'x64', 0xb7: 'arm64' };
const machO: Readonly<Record<number, string>> = { 0x01000007: 'x64', 0x0100000c: 'arm64' };
const pe: Readonly<Record<number, string>> = { 0x8664: 'x64', 0xaa64: 'arm64' };

const named = (system: string, processor: string | undefined): string => `${system}-${processor ?? 'another processor'}`;
