import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentOf, extensionOf, isCutOff, looksLikeImage } from '../../../src/data/contentType.ts';

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');

test('content is told by its bytes, whatever it is called', () => {
  const cases: readonly (readonly [bytes: string, expected: string])[] = [
    ['\xff\xd8\xff\xe0', 'JPEG'], ['\x89PNG\r\n\x1a\n', 'PNG'], ['RIFF\x10\0\0\0WEBPVP8 ', 'WebP'], ['GIF89a', 'GIF'], ['II*\0', 'TIFF'], ['MM\0*', 'TIFF'],
    ['\0\0\0\x20ftypavif', 'AVIF'], ['\0\0\0\x18ftypheic', 'HEIC'], ['\0\0\0\x18ftypmp42', 'a video'],
    [`BM${'\0'.repeat(12)}\x28\0\0\0`, 'BMP'], ['BMW is a car maker', 'text'],
    ['<svg xmlns="…">', 'SVG'], ['<?xml version="1.0"?>\n<!-- drawn -->\n<svg>', 'SVG'], ['\n <!DOCTYPE html><html>', 'HTML'], ['<?xml version="1.0"?><note>', 'XML'],
    ['%PDF-1.7', 'PDF'], ['PK\x03\x04', 'a ZIP archive or an office document'], ['just words\n', 'text'], ['\x01\x02\x03', 'unknown data'], ['RIFF\x10\0\0\0WAVEfmt ', 'audio (WAV)'],
  ];
  for (const [bytes, expected] of cases) {
    const content = contentOf(latin1(bytes));
    assert.equal(content.kind === 'image' ? content.format : content.name, expected, JSON.stringify(bytes));
  }
});

test('an extension is what follows the last dot of the name, not of a folder', () => {
  assert.deepEqual(['a.v2/photo', 'x/photo.JPG', 'photo.jpeg.part', '.jpg', 'x/y.'].map(extensionOf), ['', 'jpg', 'part', '', '']);
  assert.deepEqual(['a/photo', 'a/b.PNG', 'a/b.heic', 'a/b.txt', 'a.jpg/b.part'].map(looksLikeImage), [true, true, true, false, false]);
});

test('a file that stops before its format says so is cut off, a damaged one is not', () => {
  const png = Buffer.concat([latin1('\x89PNG\r\n\x1a\n'), latin1('\0\0\0\x02IHDR..crc!'), latin1('\0\0\0\0IEND\xae\x42\x60\x82')]);
  assert.equal(isCutOff('PNG', png), false);
  assert.equal(isCutOff('PNG', png.subarray(0, 18)), true);
  assert.equal(isCutOff('PNG', png.subarray(0, 22)), true);
  assert.equal(isCutOff('JPEG', latin1('\xff\xd8\xff\xda..data..\xff\xd9 and junk behind')), false);
  assert.equal(isCutOff('JPEG', latin1('\xff\xd8 a thumbnail \xff\xda..\xff\xd9 the photo \xff\xda..data..')), true);
  assert.equal(isCutOff('JPEG', latin1('\xff\xd8\xff\xe0')), true);
  assert.equal(isCutOff('WebP', latin1('RIFF\x08\0\0\0WEBP0000')), false);
  assert.equal(isCutOff('WebP', latin1('RIFF\x80\0\0\0WEBP0000')), true);
  assert.equal(isCutOff('AVIF', latin1('\0\0\0\x08ftyp\0\0\0\x10mdat')), true);
  assert.equal(isCutOff('AVIF', latin1('\0\0\0\x08ftyp\0\0\0\x08mdat')), false);
});
