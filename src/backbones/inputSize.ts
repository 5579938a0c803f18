/**
 * A backbone fed with photos of another size than its weights are used to. Convolutions and pools slide over whatever
 * comes, and the map before the head is averaged; what looks at patches needs whole ones, and its table of positions is
 * resized (resizeGrid.ts), as timm does.
 */
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import type { Architecture } from './card.ts';
import type { Network } from './op.ts';
import { perAxis } from './padding.ts';
import { shapesOf } from './shapes.ts';

/** size: pixels of a side of the square that photos become. Itself for `auto`. The same object each time: networks are remembered by it (networkOf.ts). */
export function atInputSize<A extends Architecture>(backbone: A, size: number | 'auto'): Checked<A> {
  if (size === 'auto') return { ok: true, value: backbone, warnings: [] };
  const known = resized.get(backbone) ?? new Map<number, Checked<Architecture>>(), found = known.get(size) ?? resize(backbone, size);
  resized.set(backbone, known.set(size, found));
  return found as Checked<A>; // a copy of it but for its size
}

const resized = new WeakMap<Architecture, Map<number, Checked<Architecture>>>();

/** Networks have nothing to look at below, and above one photo takes a gigabyte. */
export const leastSize = 32, mostSize = 2048;

function resize(backbone: Architecture, size: number): Checked<Architecture> {
  const { name, input } = backbone, at = { height: size, width: size };
  const patch = patchOf(backbone.network(2)), near = patch * Math.max(1, Math.round(size / patch));
  if (size % patch !== 0) return refused(name, `looks at patches of ${patch} × ${patch} pixels, and ${size} is no multiple of ${patch}`, near);
  if (!isSeen(backbone, size)) return refused(name, `has no pixel left of photos of ${size} × ${size}`, leastOf(backbone, size));
  return { ok: true, value: { ...backbone, input: { ...input, ...at }, network: (classes, wanted = at, of = input) => backbone.network(classes, wanted, of) }, warnings: [] };
}

/** Sizes that people use, as far as the backbone can: for completion. */
export const usualSizes = (backbone: Architecture): readonly number[] =>
  [96, 112, 128, 160, 192, 224, 256, 288, 320, 384, 448, 518].filter((size) => size !== backbone.input.width && atInputSize(backbone, size).ok);

/** Side in pixels; 1 where there are none. */
export function patchOf({ nodes }: Network): number {
  const from = nodes.find(({ op }) => op.op === 'tokens')?.inputs[0], conv = nodes.find(({ name }) => name === from)?.op;
  return conv?.op === 'conv' ? perAxis(conv.stride)[0] : 1;
}

/** Whether every map has a pixel. */
const isSeen = (backbone: Architecture, size: number): boolean =>
  [...shapesOf(backbone.network(2, { height: size, width: size })).values()].every((shape) => shape.every((length) => length >= 1));

function leastOf(backbone: Architecture, above: number): number {
  const step = patchOf(backbone.network(2));
  let size = above;
  while (!isSeen(backbone, size)) size += step;
  return size;
}

function refused(name: string, why: string, instead: number): Checked<never> {
  const problem: Diagnostic = {
    code: 'out-of-range', severity: 'error', message: `${name} ${why}`, fix: `write ${instead}, or auto`,
    mend: { title: `Write inputSize: ${instead}`, changes: [{ type: 'set', path: 'inputSize', text: String(instead) }] },
  };
  return { ok: false, errors: [problem], warnings: [] };
}
