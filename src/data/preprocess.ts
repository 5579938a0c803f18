import { Bug } from '../base/bug.ts';
import type { CardInput } from '../backbones/card.ts';
import { drawnView, mirrored } from './augment.ts';
import { resizeWindow, type Size } from './resize.ts';
import type { Pixels, View } from './sample.ts';

/**
 * What the network is fed: short side resized to floor(size / cropShare), the centre cropped, as timm's evaluation
 * transform does (`create_transform(is_training=False)`). uint8 [input.height, input.width, 3].
 * Scaling to 0…1 and the card's mean and std are applied later, inside the engine and the ONNX graph: timm's pipeline is
 * 8-bit up to that point too, so nothing is lost, and a stored or transferred image has a quarter of the bytes.
 * `flip` is the centre mirrored left to right.
 */
export function preprocess(pixels: Pixels, input: CardInput, view: View): Uint8Array<ArrayBuffer> {
  return preprocessViews(pixels, input, [view]).get(view)!;
}

/** Several views of one image; the centre is made once. sha256: of its file, by which random views are drawn. */
export function preprocessViews(pixels: Pixels, input: CardInput, views: readonly View[], sha256 = ''): ReadonlyMap<View, Uint8Array<ArrayBuffer>> {
  let made: Uint8Array<ArrayBuffer> | undefined;
  const centre = (): Uint8Array<ArrayBuffer> => made ??= centreOf(pixels, input);
  return new Map(views.map((view) => [view, view === 'centre' ? centre() : view === 'flip' ? mirrored(centre(), input.width) : drawnView(pixels, centre, input, view, sha256)]));
}

/** Short side of the image that is cropped. */
export const resizedShortSide = ({ height, cropShare }: CardInput): number => Math.floor(height / cropShare);

function centreOf(pixels: Pixels, input: CardInput): Uint8Array<ArrayBuffer> {
  if (input.width !== input.height) throw new Bug(`no rule for inputs that are not square: ${input.width} x ${input.height}`);
  const size = resizedSize(pixels, resizedShortSide(input));
  const left = roundHalfToEven((size.width - input.width) / 2), top = roundHalfToEven((size.height - input.height) / 2);
  return resizeWindow(pixels, size, { left, top, width: input.width, height: input.height }, input.interpolation);
}

/** torchvision's rule: the long side is truncated, not rounded. */
const resizedSize = ({ width, height }: Size, short: number): Size => width <= height
  ? { width: short, height: Math.trunc(short * height / width) }
  : { width: Math.trunc(short * width / height), height: short };

/** Python's `round`, which places torchvision's crop. */
function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
