/**
 * Random variants of a photo: pure functions on uint8 [height, width, 3], each given its own seeded stream. A draw is
 * named by recipe, number and the photo's content, so the same view is the same pixels whether it is cached or made anew.
 * Random resized crop as torchvision's RandomResizedCrop (Szegedy et al. 2015), erasing as Zhong et al. 2020
 * (arXiv:1708.04896), colour in the order brightness, contrast, saturation. Left out: hue, policies that are learnt.
 */
import type { AugmentOp } from '../experiment/plan.ts';
import type { CardInput } from '../backbones/card.ts';
import type { Pixels, View } from './sample.ts';
import { Bug } from '../base/bug.ts';
import { recipeName, type Recipe } from '../experiment/augmentation.ts';
import { resizeWindow } from './resize.ts';
import { rng, type Rng } from '../base/rng.ts';

type Image = Uint8Array<ArrayBuffer>;

/** The draw of this number: `crop+flip@1#3`. */
export const viewOf = (recipe: Recipe, draw: number): View => `${recipeName(recipe)}#${draw}`;

function recipeOfView(view: View): Recipe {
  const [, ops, strength] = /^([^@]+)@([^#]+)#\d+$/.exec(view) ?? [];
  if (ops === undefined) throw new Bug(`"${view}" is no drawn view`);
  return { ops: ops.split('+') as AugmentOp[], strength: Number(strength) };
}

/** centre: what the network is fed without augmentation; a crop begins from `pixels` instead. sha256: of the file. */
export function drawnView(pixels: Pixels, centre: () => Image, input: CardInput, view: View, sha256: string): Image {
  const { ops, strength } = recipeOfView(view), random = rng(0, 'augment', sha256, view);
  const start = ops.includes('crop') ? randomCrop(pixels, input, strength, random) : centre().slice();
  return ops.reduce((image, op) => op === 'crop' ? image : rules[op](image, input, strength, random), start);
}

type Rule = (image: Image, input: CardInput, strength: number, random: Rng) => Image;

const rules: Readonly<Record<Exclude<AugmentOp, 'crop'>, Rule>> = {
  flip: (image, { width }, _, { next }) => next() < 0.5 ? mirrored(image, width) : image,
  rotate: (image, input, strength, { next }) => rotated(image, input, (2 * next() - 1) * strength * Math.PI / 9),
  color(image, _, strength, { next }) {
    const factor = (): number => 1 + 0.4 * strength * (2 * next() - 1);
    return coloured(image, { brightness: factor(), contrast: factor(), saturation: factor() });
  },
  grey: (image, _, __, { next }) => next() < 0.2 ? coloured(image, { brightness: 1, contrast: 1, saturation: 0 }) : image,
  erase: (image, input, strength, random) => random.next() < 0.5 ? erased(image, input, strength, random) : image,
};

/** A part of 100 − 70 × strength to 100 % of the area, sides up to 4 : 3; the whole, squeezed, where ten tries fit nowhere. */
function randomCrop(pixels: Pixels, input: CardInput, strength: number, { next, int }: Rng): Image {
  const { width, height } = pixels, size = { width: input.width, height: input.height };
  const part = (): { left: number; top: number; width: number; height: number } => {
    for (let tries = 0; tries < 10; tries++) {
      const area = width * height * (1 - 0.7 * strength * next()), ratio = (4 / 3) ** (strength * (2 * next() - 1));
      const w = Math.round(Math.sqrt(area * ratio)), h = Math.round(Math.sqrt(area / ratio));
      if (w <= width && h <= height) return { left: int(width - w + 1), top: int(height - h + 1), width: w, height: h };
    }
    const side = Math.min(width, height);
    return { left: (width - side) >> 1, top: (height - side) >> 1, width: side, height: side };
  };
  return resizeWindow(cut(pixels, part()), size, { left: 0, top: 0, ...size }, input.interpolation);
}

function cut({ data, width: rowPixels }: Pixels, { left, top, width, height }: { left: number; top: number; width: number; height: number }): Pixels {
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * rowPixels + left) * 3;
    out.set(data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data: out };
}

/** Left to right. */
export function mirrored(image: Uint8Array, width: number): Image {
  const out = new Uint8Array(image.length), rowLength = width * 3;
  for (let row = 0; row < image.length; row += rowLength) {
    for (let from = row, to = row + rowLength - 3; from < row + rowLength; from += 3, to -= 3) {
      out[to] = image[from]!;
      out[to + 1] = image[from + 1]!;
      out[to + 2] = image[from + 2]!;
    }
  }
  return out;
}

/** About the centre, bilinear; what comes from outside is the backbone's mean colour. */
export function rotated(image: Uint8Array, { width, height, mean }: CardInput, angle: number): Image {
  const out = new Uint8Array(image.length), [sin, cos] = [Math.sin(angle), Math.cos(angle)], [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  const at = (x: number, y: number, channel: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 255 * mean[channel]! : image[(y * width + x) * 3 + channel]!;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const fromX = cx + cos * (x - cx) + sin * (y - cy), fromY = cy - sin * (x - cx) + cos * (y - cy);
      const left = Math.floor(fromX), top = Math.floor(fromY), dx = fromX - left, dy = fromY - top;
      for (let channel = 0; channel < 3; channel++) {
        const above = at(left, top, channel) * (1 - dx) + at(left + 1, top, channel) * dx;
        const below = at(left, top + 1, channel) * (1 - dx) + at(left + 1, top + 1, channel) * dx;
        out[(y * width + x) * 3 + channel] = Math.round(above * (1 - dy) + below * dy);
      }
    }
  }
  return out;
}

/** Each factor blends with black, with the image's mean brightness, with each pixel's own: 1 changes nothing, 0 leaves only that. */
export function coloured(image: Uint8Array, { brightness, contrast, saturation }: { brightness: number; contrast: number; saturation: number }): Image {
  const out = new Uint8Array(image.length);
  let sum = 0;
  for (let i = 0; i < image.length; i += 3) sum += luma(image[i]!, image[i + 1]!, image[i + 2]!);
  const shift = (1 - contrast) * brightness * sum / (image.length / 3), scale = contrast * brightness;
  for (let i = 0; i < image.length; i += 3) {
    const red = image[i]! * scale + shift, green = image[i + 1]! * scale + shift, blue = image[i + 2]! * scale + shift;
    const grey = (1 - saturation) * luma(red, green, blue);
    out[i] = clamped(grey + saturation * red);
    out[i + 1] = clamped(grey + saturation * green);
    out[i + 2] = clamped(grey + saturation * blue);
  }
  return out;
}

/** ITU-R 601-2, as Pillow's. */
const luma = (red: number, green: number, blue: number): number => 0.299 * red + 0.587 * green + 0.114 * blue;

const clamped = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));

function erased(image: Uint8Array, { width, height, mean }: CardInput, strength: number, { next, int }: Rng): Image {
  const out = image.slice(), area = width * height * (0.02 + 0.18 * strength * next()), ratio = 3 ** (2 * next() - 1);
  const w = Math.min(width, Math.round(Math.sqrt(area * ratio))), h = Math.min(height, Math.round(Math.sqrt(area / ratio)));
  const left = int(width - w + 1), top = int(height - h + 1);
  for (let y = top; y < top + h; y++) {
    for (let x = left; x < left + w; x++) for (let channel = 0; channel < 3; channel++) out[(y * width + x) * 3 + channel] = Math.round(255 * mean[channel]!);
  }
  return out;
}
