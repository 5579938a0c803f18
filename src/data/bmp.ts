/**
 * Windows bitmaps, which sharp's binaries do not read: uncompressed, 1, 4, 8 (palette), 24 and 32 bits. Compressed ones
 * (RLE) and unusual channel layouts are refused. Layout: Microsoft, "Bitmap Storage".
 */
import type { Pixels } from './sample.ts';

export type Bmp =
  | { readonly kind: 'pixels'; readonly pixels: Pixels }
  | { readonly kind: 'too-large'; readonly width: number; readonly height: number }
  | { readonly kind: 'unsupported'; readonly what: string }
  | { readonly kind: 'damaged' };

/** bytes: a file whose signature and header size were checked (contentType.ts). */
export function decodeBmp(bytes: Uint8Array, mostPixels: number): Bmp {
  if (bytes.length < 54 && bytes[14] !== 12) return { kind: 'damaged' };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerSize = view.getUint32(14, true);
  if (headerSize === 12) return { kind: 'unsupported', what: 'an OS/2 header' };
  const width = view.getInt32(18, true), signedHeight = view.getInt32(22, true), height = Math.abs(signedHeight);
  const bits = view.getUint16(28, true), compression = view.getUint32(30, true);
  if (width <= 0 || height === 0) return { kind: 'damaged' };
  if (width * height > mostPixels) return { kind: 'too-large', width, height };
  if (compression !== 0 && !(compression === 3 && bits === 32 && view.getUint32(54, true) === 0xff0000)) return { kind: 'unsupported', what: 'compression' };
  if (![1, 4, 8, 24, 32].includes(bits)) return { kind: 'unsupported', what: `${bits} bits per pixel` };
  const start = view.getUint32(10, true), rowBytes = Math.ceil(bits * width / 32) * 4;
  if (start + rowBytes * height > bytes.length) return { kind: 'damaged' };
  const palette = bytes.subarray(14 + headerSize, start);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, out = 0; y < height; y++) {
    const row = start + rowBytes * (signedHeight > 0 ? height - 1 - y : y); // bottom row first, unless the height is negative
    for (let x = 0; x < width; x++, out += 3) {
      const source = bits > 8 ? bytes : palette;
      const at = bits > 8 ? row + x * (bits >> 3) : paletteIndex(bytes, row, x, bits) * 4;
      data[out] = source[at + 2] ?? 0; // blue, green, red
      data[out + 1] = source[at + 1] ?? 0;
      data[out + 2] = source[at] ?? 0;
    }
  }
  return { kind: 'pixels', pixels: { width, height, data } };
}

/** The leftmost pixel stands in the highest bits. */
function paletteIndex(bytes: Uint8Array, row: number, x: number, bits: number): number {
  const perByte = 8 / bits;
  return (bytes[row + Math.floor(x / perByte)]! >> (8 - bits * (x % perByte + 1))) & ((1 << bits) - 1);
}
