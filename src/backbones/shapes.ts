import { onceEach } from '../base/onceEach.ts';
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
  padChannels: ({ before, after }, [x]) => [...x!.slice(0, -1), before + x!.at(-1)! + after],
  maxPool: (op, [x]) => [...windowed(op, x), mapOf(x)[2]],
  averagePool: (op, [x]) => [...windowed(op, x), mapOf(x)[2]],
  adaptiveAveragePool: ({ height, width }, [x]) => [height, width, mapOf(x)[2]],
  globalAveragePool: (_, [x]) => [mapOf(x)[2]],
  flatten: (_, [x]) => [sizeOf(x!)],
  linear: ({ units }, [x]) => [...x!.slice(0, -1), units],
  layerNorm: (_, [x]) => x!,
  scale: (_, [x]) => x!,
  tokens: (_, [x]) => {
    const [height, width, channels] = mapOf(x);
    return [height * width, channels];
  },
  prepend: ({ count }, [x]) => {
    const [tokens, width] = tokensOf(x);
    return [count + tokens, width];
  },
  addTable: ({ grid }, [x]) => {
    if (grid && sizeOf(grid.to) > tokensOf(x)[0]) throw new Bug(`positions of ${shapeText(grid.to)} patches for ${tokensOf(x)[0]} tokens`);
    return x!;
  },
  attention: ({ heads, fused }, inputs) => {
    const [tokens, width] = tokensOf(inputs[0]), each = fused ? width / 3 : width;
    const fits = inputs.length === (fused ? 1 : 3) && each % heads === 0 && (fused || (inputs[1]![1] === width && String(inputs[1]) === String(inputs[2])));
    if (!fits) throw new Bug(`attention of ${heads} heads over ${inputs.map(shapeText).join(', ')}`);
    return [tokens, each];
  },
  takeToken: (_, [x]) => [tokensOf(x)[1]],
  meanTokens: (_, [x]) => [tokensOf(x)[1]],
};

function windowed(window: Window, x: Shape | undefined): readonly [height: number, width: number] {
  const [height, width] = mapOf(x);
  return windowsOver([height, width], window);
}

/** Shape of one sample at every node, and at `input`. */
export const shapesOf = onceEach((network: Network): ReadonlyMap<string, Shape> => {
  const found = new Map<string, Shape>([['input', network.input]]);
  for (const node of network.nodes) {
    if (found.has(node.name)) throw new Bug(`${network.name}: two nodes named "${node.name}"`);
    found.set(node.name, read(shapes, node.op, inputShapes(network, node.inputs, found)));
  }
  return found;
});

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

/** Asserts tokens. */
export function tokensOf(shape: Shape | undefined): readonly [tokens: number, width: number] {
  const [tokens, width, ...more] = shape ?? [];
  if (tokens === undefined || width === undefined || more.length > 0) throw new Bug(`tokens were expected, not ${shapeText(shape ?? [])}`);
  return [tokens, width];
}

/** For messages: `[224, 224, 3]`. */
export const shapeText = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Number of values in a shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);
