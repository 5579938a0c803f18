import { Bug } from '../base/bug.ts';
import { read } from './op.ts';
import type { Network, Reader, Shape } from './op.ts';
import { windowOut } from './padding.ts';

/** Inputs' shapes → output's shape, of one sample. */
const shapes: Reader<[inputs: readonly Shape[]], Shape> = {
  conv: ({ filters, kernel, stride, padding }, [x]) => {
    const [height, width] = mapOf(x);
    return [windowOut(height, kernel, stride, padding), windowOut(width, kernel, stride, padding), filters];
  },
  depthwiseConv: ({ kernel, stride, padding }, [x]) => {
    const [height, width, channels] = mapOf(x);
    return [windowOut(height, kernel, stride, padding), windowOut(width, kernel, stride, padding), channels];
  },
  batchNorm: (_, [x]) => x!,
  relu: (_, [x]) => x!,
  relu6: (_, [x]) => x!,
  add: (_, [a, b]) => {
    if (String(a) !== String(b)) throw new Bug(`add of ${shapeText(a!)} and ${shapeText(b!)}`);
    return a!;
  },
  maxPool: ({ kernel, stride, padding }, [x]) => {
    const [height, width, channels] = mapOf(x);
    return [windowOut(height, kernel, stride, padding), windowOut(width, kernel, stride, padding), channels];
  },
  globalAveragePool: (_, [x]) => [mapOf(x)[2]],
  linear: ({ units }) => [units],
};

/** Shape of one sample at every node, and at `input`. */
export function shapesOf(network: Network): ReadonlyMap<string, Shape> {
  const found = new Map<string, Shape>([['input', network.input]]);
  for (const node of network.nodes) {
    if (found.has(node.name)) throw new Bug(`${network.name}: two nodes named "${node.name}"`);
    found.set(node.name, read(shapes, node.op, inputShapes(network, node.inputs, found)));
  }
  return found;
}

/** Shapes of the named inputs; a name that stands later in the list, or nowhere, is a broken network. */
export function inputShapes(network: Network, inputs: readonly string[], shapes: ReadonlyMap<string, Shape>): readonly Shape[] {
  return inputs.map((name) => {
    const shape = shapes.get(name);
    if (!shape) throw new Bug(`${network.name}: no node "${name}" before its use`);
    return shape;
  });
}

/** Asserts a map. */
export function mapOf(shape: Shape | undefined): readonly [height: number, width: number, channels: number] {
  const [height, width, channels] = shape ?? [];
  if (height === undefined || width === undefined || channels === undefined) throw new Bug(`a map was expected, not ${shapeText(shape ?? [])}`);
  return [height, width, channels];
}

/** For messages: `[224, 224, 3]`. */
export const shapeText = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Number of values in a shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);
