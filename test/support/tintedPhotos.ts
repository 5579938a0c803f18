import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rng } from '../../src/base/rng.ts';

const side = 32, block = 4;

/** Fills `<folder>/<class>/` with bitmaps of 32 pixels a side that any network tells apart in a few epochs, from random weights too: each class has a tint, the rest is noise. */
export function tintedPhotos(folder: string, classes: readonly string[], perClass: number): void {
  for (const [tint, label] of classes.entries()) {
    mkdirSync(join(folder, label), { recursive: true });
    for (let i = 0; i < perClass; i++) writeFileSync(join(folder, label, `${i}.bmp`), bitmap(tint, rng(i, label)));
  }
}

function bitmap(tint: number, { int }: ReturnType<typeof rng>): Uint8Array {
  const file = Buffer.alloc(54 + side * side * 3), blocks = Array.from({ length: (side / block) ** 2 * 3 }, (_, i) => int(150) + (i % 3 === tint ? 100 : 0));
  file.write('BM');
  for (const [at, value] of [[2, file.length], [10, 54], [14, 40], [18, side], [22, side]] as const) file.writeUInt32LE(value, at);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let i = 0; i < side * side * 3; i++) {
    const pixel = Math.floor(i / 3), row = Math.floor(pixel / side / block), column = Math.floor(pixel % side / block);
    file[54 + i] = blocks[(row * (side / block) + column) * 3 + i % 3]!;
  }
  return file;
}
