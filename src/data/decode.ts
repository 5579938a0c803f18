import sharp, { type Metadata, type SharpOptions } from 'sharp';
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import { bytes as byteText } from '../base/units.ts';
import { decodeBmp } from './bmp.ts';
import { contentOf, isCutOff, type ImageFormat } from './contentType.ts';
import type { Pixels } from './sample.ts';

// libvips would keep opened files and use a thread per core for each image; many images at once do better with one each.
sharp.cache(false);
sharp.concurrency(1);

/** A larger picture is refused from its header: 100 megapixels are 300 MB of RGB. */
const mostPixels = 100e6;
/** Above this, a format that cannot decode at reduced scale is shrunk by libvips on the fly, so that memory stays bounded. */
const mostPixelsKept = 24e6;

export interface Decoded {
  /** Upright, RGB. Of a large photo: a reduced version, at least twice the short side asked for. */
  readonly pixels: Pixels;
  /** Upright size in the file. */
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  /** Conversions and remarks, without a place: the same content may lie under several names. */
  readonly notes: readonly Diagnostic[];
}

/**
 * Decodes one image to uint8 [height, width, 3]: type by content, EXIF orientation applied, transparency over white,
 * first frame of an animation, colour profiles ignored (as Pillow and so the backbones' own pipelines do); for JPEG the
 * pixels equal Pillow's. `shortSide`: what it will be resized to; only then may large photos come reduced.
 * What cannot be used is a diagnostic without a place, never a wrong picture.
 * Peak memory: the file + 3 * height * width bytes. sharp brings native code, or the same library as WebAssembly where
 * its package `@img/sharp-wasm32` is installed.
 */
export async function decodeImage(bytes: Uint8Array, shortSide?: number): Promise<Checked<Decoded>> {
  if (bytes.length === 0) return refused('empty-file', 'the file has 0 bytes', 'copy or download it again');
  const content = contentOf(bytes);
  switch (content.kind) {
    case 'other': return refused('not-an-image', `the content is ${content.name}, not an image`);
    case 'unsupported': return refused('unsupported-format', `${content.name} is not supported`, 'convert it to JPEG or PNG');
    case 'image': return content.format === 'BMP' ? decodedBmp(bytes) : decodedBySharp(bytes, content.format, shortSide);
  }
}

async function decodedBySharp(bytes: Uint8Array, format: ImageFormat, shortSide?: number): Promise<Checked<Decoded>> {
  try {
    const metadata = await sharp(bytes, { limitInputPixels: false, failOn: 'none' }).metadata();
    const { width, height } = metadata.autoOrient;
    if (width * height > mostPixels) return tooLarge(width, height);
    if (!isPhotographic(metadata)) return refused('unsupported-format', `${format} with ${metadata.depth} samples (${metadata.space}) is not supported`, 'convert it to 8-bit RGB');
    const { pixels, flaws } = await readPixels(bytes, metadata, reductionOf(format, width, height, shortSide));
    return { ok: true, value: { pixels, width, height, format, notes: [...flaws, ...conversionsOf(metadata), ...remarksOn(pixels, width, height)] }, warnings: [] };
  } catch (error) {
    return damaged(format, bytes, error);
  }
}

/** Decodes strictly; what only warns is decoded all the same, as everywhere else, and said. */
async function readPixels(bytes: Uint8Array, metadata: Metadata, reduction: number): Promise<{ pixels: Pixels; flaws: Diagnostic[] }> {
  try {
    return { pixels: await pixelsOf(bytes, metadata, reduction, 'warning'), flaws: [] };
  } catch (error) {
    const pixels = await pixelsOf(bytes, metadata, reduction, 'error');
    return { pixels, flaws: [{ code: 'corrupt', severity: 'warning', message: `damaged but readable (${reasonOf(error)}): used as far as it decodes` }] };
  }
}

/** Measurements (floating point, 32 bits) have no known range that could become 0…255. */
const isPhotographic = ({ depth, space }: Metadata): boolean =>
  (depth === 'uchar' || depth === 'ushort') && ['srgb', 'rgb16', 'b-w', 'grey16', 'cmyk'].includes(space);

async function pixelsOf(bytes: Uint8Array, { hasAlpha, space, depth, autoOrient, orientation = 1 }: Metadata, reduction: number, failOn: NonNullable<SharpOptions['failOn']>): Promise<Pixels> {
  const turned = orientation > 1;
  let pipeline = sharp(bytes, { failOn, ignoreIcc: true, limitInputPixels: mostPixels, sequentialRead: !turned });
  if (turned) pipeline = pipeline.autoOrient();
  if (reduction > 1) pipeline = pipeline.resize({ width: reduced(autoOrient.width, reduction), height: reduced(autoOrient.height, reduction), fit: 'fill' });
  if (hasAlpha) pipeline = pipeline.flatten({ background: 'white' });
  const isPlainCmyk = space === 'cmyk' && depth === 'uchar' && !hasAlpha;
  if (isPlainCmyk) pipeline = pipeline.pipelineColourspace('cmyk').toColourspace('cmyk');
  else if (space !== 'srgb') pipeline = pipeline.toColourspace('srgb');
  const { data, info: { width, height } } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  return { width, height, data: isPlainCmyk ? rgbOfCmyk(data) : data };
}

/** By Pillow's plain formula; libvips would apply a press profile, whose colours are up to 50 levels darker. */
function rgbOfCmyk(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8ClampedArray(cmyk.length / 4 * 3);
  for (let from = 0, to = 0; from < cmyk.length; from += 4) {
    const light = 255 - cmyk[from + 3]!;
    for (let ink = 0; ink < 3; ink++) rgb[to++] = light - Math.round(light * cmyk[from + ink]! / 255);
  }
  return new Uint8Array(rgb.buffer);
}

const reduced = (size: number, reduction: number): number => Math.max(1, Math.floor(size / reduction));

/**
 * 1, 2, 4 or 8. JPEG halves almost for free while decoding. The antialiased resize that follows still shrinks by 2 or
 * more: the rule of Pillow's `reducing_gap=2`, whose results are hard to tell from the full decode.
 */
function reductionOf(format: ImageFormat, width: number, height: number, shortSide: number | undefined): number {
  const short = Math.min(width, height);
  if (shortSide === undefined || (format !== 'JPEG' && width * height <= mostPixelsKept)) return 1;
  return [8, 4, 2].find((reduction) => short / reduction >= 2 * shortSide) ?? 1;
}

function decodedBmp(bytes: Uint8Array): Checked<Decoded> {
  const bmp = decodeBmp(bytes, mostPixels);
  switch (bmp.kind) {
    case 'pixels': {
      const { width, height } = bmp.pixels;
      return { ok: true, value: { pixels: bmp.pixels, width, height, format: 'BMP', notes: remarksOn(bmp.pixels, width, height) }, warnings: [] };
    }
    case 'too-large': return tooLarge(bmp.width, bmp.height);
    case 'unsupported': return refused('unsupported-format', `BMP with ${bmp.what} is not supported`, 'convert it to JPEG or PNG');
    case 'damaged': return damaged('BMP', bytes, 'its header makes no sense');
  }
}

/** One note per file that was not plain 8-bit RGB, upright and single. */
function conversionsOf({ space, depth, hasAlpha, isPalette, bitsPerSample, orientation = 1, pages = 1, format }: Metadata): Diagnostic[] {
  const done = [
    bitsPerSample === 1 && space === 'b-w' ? 'black and white → RGB' : space === 'b-w' || space === 'grey16' ? 'grey → RGB' : '',
    space === 'cmyk' ? 'CMYK → RGB' : '',
    depth !== 'uchar' ? 'deeper than 8 bits → 8 bits' : '',
    isPalette && format !== 'gif' ? 'palette → RGB' : '',
    hasAlpha ? 'transparency laid over white' : '',
    pages > 1 ? `first of ${pages} frames or pages` : '',
    orientation > 1 && orientation <= 8 ? `turned upright (EXIF orientation ${orientation})` : '',
  ].filter(Boolean);
  return done.length > 0 ? [{ code: 'converted', severity: 'information', message: done.join('; ') }] : [];
}

/** Usable, but hardly a photo. */
function remarksOn(pixels: Pixels, width: number, height: number): Diagnostic[] {
  const warning = (code: 'extreme-aspect' | 'too-small' | 'blank', message: string): Diagnostic[] => [{ code, severity: 'warning', message }];
  const short = Math.min(width, height), long = Math.max(width, height);
  if (long > 20 * short) return warning('extreme-aspect', `${width} x ${height} pixels: only the middle square is seen`);
  if (short < 4) return warning('too-small', `${width} x ${height} pixels: hardly a photo`);
  return isBlank(pixels) ? warning('blank', 'one colour only') : [];
}

function isBlank({ data }: Pixels): boolean {
  for (let i = 3; i < data.length; i++) if (Math.abs(data[i]! - data[i % 3]!) > 2) return false;
  return true;
}

function damaged(format: ImageFormat, bytes: Uint8Array, error: unknown): Checked<never> {
  return isCutOff(format, bytes)
    ? refused('truncated', `the ${format} file is cut off after ${byteText(bytes.length)}`, 'copy or download it again')
    : refused('corrupt', `the ${format} file is damaged: ${reasonOf(error)}`, 'copy or download it again');
}

const tooLarge = (width: number, height: number): Checked<never> =>
  refused('too-large', `${width} x ${height} pixels are ${Math.round(width * height / 1e6)} megapixels; the limit is ${mostPixels / 1e6}`, 'make it smaller');

/** The decoder's words, in one line. */
const reasonOf = (error: unknown): string => String(error instanceof Error ? error.message : error).split('\n')[0]!.replace(/^.*?: /, '');

function refused(code: Diagnostic['code'], message: string, fix?: string): Checked<never> {
  return { ok: false, errors: [{ code, severity: 'error', message, ...(fix !== undefined && { fix }) }], warnings: [] };
}
