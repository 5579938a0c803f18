import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cardOf } from '../../../src/backbones/cards.ts';
import { decodeImage } from '../../../src/data/decode.ts';
import { preprocess } from '../../../src/data/preprocess.ts';
import { jsonFixture } from '../../support/fixture.ts';
import { repoRoot } from '../../support/root.ts';

/** Made by pillow.py beside this file. */
const { photos } = jsonFixture<{ photos: Record<string, { width: number; height: number; pixels: string; centre: string }> }>('data/pillow.json');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('sample photos decode to the pixels of Pillow, and reach the network as through timm', async () => {
  const { input } = cardOf('efficientnet_lite0')!;
  for (const [name, expected] of Object.entries(photos)) {
    const decoded = await decodeImage(readFileSync(join(repoRoot, 'samples/recycling6', name)), 256);
    assert.ok(decoded.ok, name);
    const { pixels, width, height, notes } = decoded.value;
    assert.deepEqual({ width, height, notes }, { width: expected.width, height: expected.height, notes: [] });
    assert.equal(sha256(pixels.data), expected.pixels, `${name}: pixels`);
    assert.equal(sha256(preprocess(pixels, input, 'centre')), expected.centre, `${name}: centre`);
  }
  assert.equal(Object.keys(photos).length, 6);
});
