import { Bug } from '../base/bug.ts';
import { read } from './op.ts';
import type { Network, Reader, Shape, Window } from './op.ts';
import { windowsOver } from './padding.ts';

/** Inputs' shapes → output's shape, of one sample. */
const shapes: Reader<[inputs: readonly Shape[]], Shape> = {
  conv: (op, [x]) => [...windowed(op, x), op.filters],
  depthwiseConv: (op, [x]) => [...windowed(op, x), mapOf(x)[2]],
  batchNorm: (_, [x]) => x!,
  relu: (_, [x]) => x!,
  relu6: (_, [x]) => x!,
  activation: (_, [x]) => x!,
  add: (_, [a, b]) => {
    if (String(a) !== String(b)) throw new Bug(`add of ${shapeText(a!)} and ${shapeText(b!)}`);
    return a!;
  },
  multiply: (_, [a, b]) => {
    if (String(a) !== String(b) && String(b) !== String([1, 1, a!.at(-1)])) throw new Bug(`multiply of ${shapeText(a!)} and ${shapeText(b!)}`);
    return a!;
  },
  concat: (_, inputs) => {
    const [before, ...others] = inputs.map((shape) => String(shape.slice(0, -1)));
    if (others.some((other) => other !== before)) throw new Bug(`concat of ${inputs.map(shapeText).join(', ')}`);
    return [...inputs[0]!.slice(0, -1), inputs.reduce((sum, shape) => sum + shape.at(-1)!, 0)];
  },
  maxPool: (op, [x]) => [...windowed(op, x), mapOf(x)[2]],
  averagePool: (op, [x]) => [...windowed(op, x), mapOf(x)[2]],
  adaptiveAveragePool: ({ height, width }, [x]) => [height, width, mapOf(x)[2]],
  globalAveragePool: (_, [x]) => [mapOf(x)[2]],
  flatten: (_, [x]) => [sizeOf(x!)],
  linear: ({ units }) => [units],
};

function windowed(window: Window, x: Shape | undefined): readonly [height: number, width: number] {
  const [height, width] = mapOf(x);
  return windowsOver([height, width], window);
}

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
