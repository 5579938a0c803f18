/** What a file really is, by its first bytes; names lie. */

/** Formats that are decoded. */
export type ImageFormat = 'JPEG' | 'PNG' | 'WebP' | 'GIF' | 'BMP' | 'TIFF' | 'AVIF';

export type Content =
  | { readonly kind: 'image'; readonly format: ImageFormat }
  /** A picture, in a format that is not decoded here. */
  | { readonly kind: 'unsupported'; readonly name: string }
  | { readonly kind: 'other'; readonly name: string };

const image = (format: ImageFormat): Content => ({ kind: 'image', format });
const unsupported = (name: string): Content => ({ kind: 'unsupported', name });
const other = (name: string): Content => ({ kind: 'other', name });

/** First match wins. `at`: bytes to skip before the signature (Latin-1). */
const signatures: readonly (readonly [signature: string, content: Content, at?: number])[] = [
  ['\xff\xd8\xff', image('JPEG')],
  ['\x89PNG\r\n\x1a\n', image('PNG')],
  ['GIF87a', image('GIF')], ['GIF89a', image('GIF')],
  ['WEBP', image('WebP'), 8],
  ['ftypavif', image('AVIF'), 4], ['ftypavis', image('AVIF'), 4],
  ['II*\0', image('TIFF')], ['MM\0*', image('TIFF')], ['II+\0', image('TIFF')], ['MM\0+', image('TIFF')],
  ...['heic', 'heix', 'heim', 'heis', 'hevc', 'mif1', 'msf1'].map((brand) => [`ftyp${brand}`, unsupported('HEIC'), 4] as const),
  ['ftyp', other('a video'), 4], ['\x1aE\xdf\xa3', other('a video')], ['AVI ', other('a video'), 8],
  ['\xff\x0a', unsupported('JPEG XL')], ['\0\0\0\x0cJXL ', unsupported('JPEG XL')], ['\0\0\0\x0cjP  ', unsupported('JPEG 2000')],
  ['8BPS', unsupported('Photoshop')], ['\0\0\x01\0', unsupported('an icon (ICO)')],
  ['%PDF', other('PDF')], ['PK\x03\x04', other('a ZIP archive or an office document')], ['\x1f\x8b', other('a gzip archive')],
  ['Rar!', other('a RAR archive')], ['7z\xbc\xaf', other('a 7z archive')], ['WAVE', other('audio (WAV)'), 8], ['ID3', other('audio (MP3)')],
];

/** Only the first kilobyte is looked at. */
export function contentOf(bytes: Uint8Array): Content {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024)).toString('latin1');
  const known = signatures.find(([signature, , at = 0]) => head.startsWith(signature, at));
  if (known) return known[1];
  if (isBmp(bytes)) return image('BMP');
  const start = head.replace(/^\xef\xbb\xbf/, '').trimStart().toLowerCase();
  if (/^(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)?(<!doctype svg[^>]*>\s*)?<svg[\s>]/.test(start)) return unsupported('SVG');
  if (/^(<!--[^]*?-->\s*)?<(!doctype html|html|head|body)/.test(start)) return other('HTML');
  if (start.startsWith('<?xml')) return other('XML');
  return other(isText(head) ? 'text' : 'unknown data');
}

/** "BM" begins many texts: the size of the second header decides. */
const isBmp = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x42 && bytes[1] === 0x4d && [12, 40, 52, 56, 64, 108, 124].includes(bytes[14] ?? 0) && bytes[15] === 0;

 
const isText = (head: string): boolean => head.length > 0 && !/[\x00-\x08\x0e-\x1f\x7f]/.test(head);

/** Extensions by which each format usually goes. */
const extensionsOf: Readonly<Record<ImageFormat, readonly string[]>> = {
  JPEG: ['jpg', 'jpeg', 'jpe', 'jfif', 'pjpeg'], PNG: ['png', 'apng'], WebP: ['webp'], GIF: ['gif'], BMP: ['bmp', 'dib'], TIFF: ['tif', 'tiff'], AVIF: ['avif', 'avifs'],
};

const unsupportedExtensions = ['heic', 'heif', 'svg', 'jxl', 'jp2', 'j2k', 'psd', 'ico'];

const imageExtensions = new Set([...Object.values(extensionsOf).flat(), ...unsupportedExtensions]);

/** `photo.JPG` → `jpg`; a name without one → ''. */
export const extensionOf = (name: string): string => /[^/]\.([^./]*)$/.exec(name)?.[1]?.toLowerCase() ?? '';

/** Whether a file of this name is opened. One without an extension is: its content decides. */
export const looksLikeImage = (name: string): boolean => extensionOf(name) === '' || imageExtensions.has(extensionOf(name));

export const isUsualExtension = (format: ImageFormat, extension: string): boolean => extensionsOf[format].includes(extension);

/** Whether the bytes end before the format says so. Asked only after decoding failed: some decoders do not tell cut off from damaged. */
export function isCutOff(format: ImageFormat, bytes: Uint8Array): boolean {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (format) {
    // Start of scan, entropy-coded data (in which 0xff is always followed by 0 or a restart marker), end of image.
    case 'JPEG': { const scan = data.lastIndexOf('\xff\xda', undefined, 'latin1'); return scan < 0 || !data.includes('\xff\xd9', scan, 'latin1'); }
    case 'PNG': return boxesOverrun(data, 8, (at) => data.readUInt32BE(at) + 12) || !data.includes('IEND', 8, 'latin1');
    case 'WebP': return data.length < 12 || data.readUInt32LE(4) + 8 > data.length;
    case 'GIF': return data.at(-1) !== 0x3b;
    case 'BMP': return data.length < 26 || data.readUInt32LE(2) > data.length;
    case 'AVIF': return boxesOverrun(data, 0, (at) => data.readUInt32BE(at) || Infinity);
    case 'TIFF': return data.length < 8;
  }
}

/** Whether a chain of boxes that each begin with their size runs past the end. */
function boxesOverrun(data: Buffer, start: number, sizeAt: (at: number) => number): boolean {
  let at = start;
  while (at + 8 <= data.length) {
    const size = sizeAt(at);
    if (size === Infinity) return false; // up to the end of the file
    if (size < 8) return false; // not a size: damaged, not cut off
    at += size;
  }
  return at > data.length;
}
