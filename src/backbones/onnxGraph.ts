/**
 * Writes a network as an ONNX model (opset 23), for ONNX Runtime to run forward. Inside, maps are NCHW, as ONNX wants
 * them; at both ends they are NHWC, as everywhere else in this project; tokens are [N, tokens, width] in both. Padding is
 * written out, since the input's size is known; only the batch size is left open.
 */
import onnxProto from 'onnx-proto';
import type { onnx } from 'onnx-proto';
import { Bug } from '../base/bug.ts';
import { averagingMatrix } from './adaptivePool.ts';
import { read } from './op.ts';
import type { Activation, Network, Node, Reader, Shape, Window } from './op.ts';
import { padsAround, perAxis } from './padding.ts';
import { resizedTable } from './resizeGrid.ts';
import { inputShapes, mapOf, shapesOf } from './shapes.ts';
import type { TensorData, Weights } from './tensorData.ts';

const { ModelProto, AttributeProto: { AttributeType }, TensorProto: { DataType } } = onnxProto.onnx;

export interface OnnxInput {
  /** Of pixels scaled to 0…1, per channel; the model then takes uint8 pixels. Left out: it takes float32, normalised. */
  readonly normalise?: { readonly mean: readonly number[]; readonly std: readonly number[] };
}

/** Names of the model's input [N, height, width, channels] and output ([N, height, width, channels], [N, tokens, width] or [N, features]). */
export const onnxInput = 'images', onnxOutput = 'features';

/** The whole of `network` as a model's bytes. For a prefix see boundary.ts; fold batch norms before (foldBatchNorm.ts). */
export function onnxGraph(network: Network, weights: Weights, { normalise }: OnnxInput): Uint8Array {
  const graph = new Graph(weights), shapes = shapesOf(network);
  graph.emitInput(normalise);
  for (const node of network.nodes) read(emit, node.op, graph, node, inputShapes(network, node.inputs, shapes)[0]!);
  const last = network.nodes.at(-1)!.name, output = shapes.get(last)!;
  if (output.length === 3) graph.add('Transpose', [last], onnxOutput, { perm: [0, 2, 3, 1] });
  else graph.add('Identity', [last], onnxOutput);
  return ModelProto.encode({
    irVersion: 11,
    opsetImport: [{ domain: '', version: 23 }],
    producerName: 'thaw',
    graph: {
      name: network.name,
      node: graph.nodes,
      initializer: graph.tensors,
      input: [valueInfo(onnxInput, normalise ? DataType.UINT8 : DataType.FLOAT, network.input)],
      output: [valueInfo(onnxOutput, DataType.FLOAT, output)],
    },
  }).finish();
}

/** Node, and the shape of its first input → nodes and tensors added to the graph; the node's output carries its name. */
const emit: Reader<[graph: Graph, node: Node, input: Shape], void> = {
  conv: (op, graph, node, input) =>
    graph.add('Conv', [node.inputs[0]!, ...graph.parameters(node, 'weight', 'bias')], node.name, { ...windowOf(op, input), group: op.groups }),
  depthwiseConv: (op, graph, node, input) =>
    graph.add('Conv', [node.inputs[0]!, ...graph.parameters(node, 'weight', 'bias')], node.name, { ...windowOf(op, input), group: mapOf(input)[2] }),
  batchNorm: ({ epsilon }, graph, node) =>
    graph.add('BatchNormalization', [node.inputs[0]!, ...graph.parameters(node, 'weight', 'bias', 'running_mean', 'running_var')],
      node.name, { epsilon: { float: epsilon } }),
  relu: (_, graph, node) => graph.add('Relu', node.inputs, node.name),
  relu6: (_, graph, node) => graph.add('Clip', [node.inputs[0]!, graph.constant(0), graph.constant(6)], node.name),
  activation: ({ kind }, graph, node) => activations[kind](graph, node.inputs[0]!, node.name),
  add: (_, graph, node) => graph.add('Add', node.inputs, node.name),
  multiply: (_, graph, node) => graph.add('Mul', node.inputs, node.name),
  concat: (_, graph, node, input) => graph.add('Concat', node.inputs, node.name, { axis: input.length === 3 ? 1 : input.length }),
  padChannels: ({ before, after }, graph, node, input) =>
    graph.add('Pad', [node.inputs[0]!, graph.integers(before, after), graph.constant(0), graph.integers(input.length === 3 ? 1 : input.length)], node.name),
  maxPool: (op, graph, node, input) => graph.add('MaxPool', node.inputs, node.name, windowOf(op, input)),
  averagePool: (op, graph, node, input) => graph.add('AveragePool', node.inputs, node.name, { ...windowOf(op, input), count_include_pad: 1 }),
  adaptiveAveragePool: ({ height, width }, graph, { name, inputs }, input) => {
    if (height === 1 && width === 1) graph.add('GlobalAveragePool', inputs, name);
    else {
      const [tall, wide] = mapOf(input), transposed = (x: string, y: string): void => { graph.add('Transpose', [x], y, { perm: [0, 1, 3, 2] }); };
      graph.add('MatMul', [inputs[0]!, graph.tensor(`${name}.across`, { shape: [wide, width], data: averagingMatrix(wide, width) })], `${name}.narrow`);
      transposed(`${name}.narrow`, `${name}.turned`);
      graph.add('MatMul', [`${name}.turned`, graph.tensor(`${name}.down`, { shape: [tall, height], data: averagingMatrix(tall, height) })], `${name}.small`);
      transposed(`${name}.small`, name);
    }
  },
  globalAveragePool: (_, graph, node) => {
    graph.add('GlobalAveragePool', node.inputs, `${node.name}.map`);
    graph.add('Flatten', [`${node.name}.map`], node.name, { axis: 1 });
  },
  flatten: (_, graph, node) => graph.add('Flatten', node.inputs, node.name, { axis: 1 }),
  linear({ units }, graph, node, input) {
    const x = node.inputs[0]!, parameters = graph.parameters(node, 'weight', 'bias');
    if (input.length === 1) graph.add('Gemm', [x, ...parameters], node.name, { transB: 1 });
    else channelsLast(graph, node, input, (rows, y) => {
      graph.add('Reshape', [rows, graph.integers(-1, input.at(-1)!)], `${y}.rows`);
      graph.add('Gemm', [`${y}.rows`, ...parameters], `${y}.units`, { transB: 1 });
      graph.add('Reshape', [`${y}.units`, graph.integers(-1, ...input.slice(0, -1), units)], y);
    });
  },
  layerNorm: ({ epsilon }, graph, node, input) => channelsLast(graph, node, input, (x, y) =>
    graph.add('LayerNormalization', [x, ...graph.parameters(node, 'weight', 'bias')], y, { axis: -1, epsilon: { float: epsilon } })),
  scale: (_, graph, node, input) => channelsLast(graph, node, input, (x, y) => graph.add('Mul', [x, ...graph.parameters(node, 'gamma')], y)),
  tokens(_, graph, node, input) {
    graph.add('Reshape', [node.inputs[0]!, graph.integers(0, mapOf(input)[2], -1)], `${node.name}.channels`);
    graph.add('Transpose', [`${node.name}.channels`], node.name, { perm: [0, 2, 1] });
  },
  prepend({ count }, graph, node, input) {
    const x = node.inputs[0]!;
    graph.add('Shape', [x], `${node.name}.batch`, { start: 0, end: 1 });
    graph.add('Concat', [`${node.name}.batch`, graph.integers(count, input.at(-1)!)], `${node.name}.shape`, { axis: 0 });
    graph.add('Expand', [graph.tensor(`${node.name}.token`, graph.bare(node)), `${node.name}.shape`], `${node.name}.each`);
    graph.add('Concat', [`${node.name}.each`, x], node.name, { axis: 1 });
  },
  addTable({ grid }, graph, node) {
    const stored = graph.bare(node);
    graph.add('Add', [node.inputs[0]!, graph.tensor(`${node.name}.table`, grid ? resizedTable(stored, grid) : stored)], node.name);
  },
  attention({ heads, fused }, graph, node) {
    const parts = fused ? ['q', 'k', 'v'].map((part) => `${node.name}.${part}`) : node.inputs;
    if (fused) graph.add('Split', node.inputs, parts, { axis: 2, num_outputs: 3 });
    graph.add('Attention', parts, node.name, { q_num_heads: heads, kv_num_heads: heads });
  },
  takeToken: ({ at }, graph, node) => graph.add('Gather', [node.inputs[0]!, graph.integer(at)], node.name, { axis: 1 }),
  meanTokens({ skip }, graph, node, input) {
    graph.add('Slice', [node.inputs[0]!, graph.integers(skip), graph.integers(input[0]!), graph.integers(1)], `${node.name}.tokens`);
    graph.add('ReduceMean', [`${node.name}.tokens`, graph.integers(1)], node.name, { keepdims: 0 });
  },
};

/** Emits an op that wants channels last: as it is, but for maps between two transpositions (which the runtime moves and merges). */
function channelsLast(graph: Graph, { name, inputs: [x] }: Node, input: Shape, emitOp: (x: string, y: string) => void): void {
  if (input.length !== 3) return emitOp(x!, name);
  graph.add('Transpose', [x!], `${name}.nhwc`, { perm: [0, 2, 3, 1] });
  emitOp(`${name}.nhwc`, `${name}.done`);
  graph.add('Transpose', [`${name}.done`], name, { perm: [0, 3, 1, 2] });
}

/** From x to y. */
const activations: Readonly<Record<Activation, (graph: Graph, x: string, y: string) => void>> = {
  silu: (graph, x, y) => {
    graph.add('Sigmoid', [x], `${y}.gate`);
    graph.add('Mul', [x, `${y}.gate`], y);
  },
  hardSwish: (graph, x, y) => graph.add('HardSwish', [x], y),
  hardSigmoid: (graph, x, y) => graph.add('HardSigmoid', [x], y, { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
  sigmoid: (graph, x, y) => graph.add('Sigmoid', [x], y),
  tanh: (graph, x, y) => graph.add('Tanh', [x], y),
  geluErf: (graph, x, y) => graph.add('Gelu', [x], y),
  geluTanh: (graph, x, y) => graph.add('Gelu', [x], y, { approximate: { text: 'tanh' } }),
  geluQuick: (graph, x, y) => {
    graph.add('Mul', [x, graph.constant(1.702)], `${y}.steep`);
    graph.add('Sigmoid', [`${y}.steep`], `${y}.gate`);
    graph.add('Mul', [x, `${y}.gate`], y);
  },
};

type Attributes = Readonly<Record<string, number | readonly number[] | { readonly float: number } | { readonly text: string }>>;

function windowOf(window: Window, input: Shape): Attributes {
  const [height, width] = mapOf(input), [[top, bottom], [left, right]] = padsAround([height, width], window);
  return { kernel_shape: perAxis(window.kernel), strides: [window.stride, window.stride], pads: [top, left, bottom, right] };
}

class Graph {
  readonly nodes: onnx.INodeProto[] = [];
  readonly tensors: onnx.ITensorProto[] = [];
  readonly #weights: Weights;
  readonly #constants = new Set<string>();

  constructor(weights: Weights) {
    this.#weights = weights;
  }

  add(opType: string, inputs: readonly string[], output: string | readonly string[], attributes: Attributes = {}): void {
    const outputs = typeof output === 'string' ? [output] : [...output];
    this.nodes.push({ opType, name: outputs[0]!, input: [...inputs], output: outputs, attribute: Object.entries(attributes).map(attributeOf) });
  }

  /** Pixels or values, NHWC → `input`, float32 NCHW. */
  emitInput(normalise: OnnxInput['normalise']): void {
    let x = onnxInput;
    if (normalise) {
      const { mean, std } = normalise;
      this.add('Cast', [x], 'input.float', { to: DataType.FLOAT });
      this.add('Sub', ['input.float', this.tensor('input.mean', vector(mean.map((m) => 255 * m)))], 'input.centred');
      this.add('Mul', ['input.centred', this.tensor('input.scale', vector(std.map((s) => 1 / (255 * s))))], x = 'input.normal');
    }
    this.add('Transpose', [x], 'input', { perm: [0, 3, 1, 2] });
  }

  /** Those of a node's parameters that it has; only biases may be missing. */
  parameters({ name }: Node, ...parts: readonly string[]): readonly string[] {
    return parts.flatMap((part) => {
      const tensor = this.#weights.get(`${name}.${part}`);
      if (!tensor && part !== 'bias') throw new Bug(`no weights "${name}.${part}"`);
      return tensor ? [this.tensor(`${name}.${part}`, tensor)] : [];
    });
  }

  /** A node's tensor that has no part's name. */
  bare({ name }: Node): TensorData {
    const tensor = this.#weights.get(name);
    if (!tensor) throw new Bug(`no weights "${name}"`);
    return tensor;
  }

  constant(value: number): string {
    return this.#once(`constant.${value}`, (name) => this.tensor(name, { shape: [], data: Float32Array.of(value) }));
  }

  /** A list of integers. */
  integers(...values: readonly number[]): string {
    return this.#once(`integers.${values.join('.')}`, (name) => this.#raw(name, DataType.INT64, [values.length], BigInt64Array.from(values, BigInt)));
  }

  integer(value: number): string {
    return this.#once(`integer.${value}`, (name) => this.#raw(name, DataType.INT64, [], BigInt64Array.of(BigInt(value))));
  }

  tensor(name: string, { shape, data }: TensorData): string {
    return this.#raw(name, DataType.FLOAT, shape, data);
  }

  #once(name: string, add: (name: string) => string): string {
    if (!this.#constants.has(name)) add(name);
    this.#constants.add(name);
    return name;
  }

  #raw(name: string, dataType: number, shape: Shape, data: Float32Array | BigInt64Array): string {
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength); // little-endian, as the format and every platform here
    this.tensors.push({ name, dims: [...shape], dataType, rawData });
    return name;
  }
}

const vector = (values: readonly number[]): TensorData => ({ shape: [values.length], data: Float32Array.from(values) });

function attributeOf([name, value]: [string, Attributes[string]]): onnx.IAttributeProto {
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
  if ('text' in value) return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value.text) };
  return { name, type: AttributeType.INTS, ints: [...value] };
}

const valueInfo = (name: string, elemType: number, shape: Shape): onnx.IValueInfoProto => ({
  name,
  type: { tensorType: { elemType, shape: { dim: [{ dimParam: 'N' }, ...shape.map((dimValue) => ({ dimValue }))] } } },
});
