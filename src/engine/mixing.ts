/**
 * Rows of a batch mixed in pairs: mixup (Zhang et al. 2018, arXiv:1710.09412) and CutMix (Yun et al. 2019,
 * arXiv:1905.04899), as timm's per-batch mode: one share, and each row with its counterpart from the other end of the
 * (shuffled) batch. On cached features this is manifold mixup (Verma et al. 2019, arXiv:1806.05236) at the freeze boundary.
 * Parity: test/parity/engine/losses.test.ts.
 */
import type { Rng } from '../base/rng.ts';
import type { Shape } from '../backbones/op.ts';
import { drawBeta } from '../base/beta.ts';

export interface Mixing {
  /** Row → the row that it is mixed with. */
  readonly partners: Int32Array;
  /** Of its own in each row; the rest is its partner's. */
  readonly share: number;
  /** Where the partner's values stand; left out: blended everywhere. */
  readonly box?: Box;
}

/** Rows and columns of a map, ends not included. */
export interface Box {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

export interface MixingSettings {
  /** α of Beta(α, α); 0: off. Not both. */
  readonly mixup: number;
  readonly cutmix: number;
}

/** One draw for a batch whose first `items` rows count. shape: of a row, [height, width, channels] for CutMix. */
export function drawMixing({ mixup, cutmix }: MixingSettings, random: Rng, rows: number, items: number, shape: Shape): Mixing | undefined {
  if (mixup === 0 && cutmix === 0) return undefined;
  const partners = Int32Array.from({ length: rows }, (_, row) => row < items ? items - 1 - row : row);
  const cuts = cutmix > 0 && (mixup === 0 || random.next() < 0.5), share = drawBeta(random, cuts ? cutmix : mixup);
  if (!cuts) return { partners, share };
  const [height, width] = shape as [number, number], box = drawBox(height, width, share, random);
  return { partners, box, share: keptShare(box, height, width) };
}

/** A box of 1 − share of the area about any point, cut off at the edges; its true share: `keptShare`. */
function drawBox(height: number, width: number, share: number, { int }: Rng): Box {
  const ratio = Math.sqrt(1 - share), halfHeight = Math.floor(height * ratio / 2), halfWidth = Math.floor(width * ratio / 2);
  const y = int(height), x = int(width);
  return { top: Math.max(0, y - halfHeight), bottom: Math.min(height, y + halfHeight), left: Math.max(0, x - halfWidth), right: Math.min(width, x + halfWidth) };
}

/** Of the area that is each row's own. */
export const keptShare = ({ top, bottom, left, right }: Box, height: number, width: number): number => 1 - (bottom - top) * (right - left) / (height * width);

/** x: [rows, ...shape], row by row. */
export function mixedRows(x: Float32Array, { partners, share, box }: Mixing, shape: Shape): Float32Array {
  const size = x.length / partners.length, out = new Float32Array(x);
  if (!box) {
    partners.forEach((partner, row) => {
      for (let i = 0, at = row * size, from = partner * size; i < size; i++) out[at + i] = share * x[at + i]! + (1 - share) * x[from + i]!;
    });
    return out;
  }
  const [, width, channels] = shape as [number, number, number], rowLength = width * channels;
  partners.forEach((partner, row) => {
    for (let y = box.top; y < box.bottom; y++) {
      const from = y * rowLength + box.left * channels, to = y * rowLength + box.right * channels;
      out.set(x.subarray(partner * size + from, partner * size + to), row * size + from);
    }
  });
  return out;
}
