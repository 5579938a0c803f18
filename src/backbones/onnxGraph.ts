/**
 * Writes a network as an ONNX model (opset 13), for ONNX Runtime to run forward. Inside, maps are NCHW, as ONNX wants
 * them; at both ends they are NHWC, as everywhere else in this project. Padding is written out, since the input's size is
 * known; only the batch size is left open.
 */
import onnxProto from 'onnx-proto';
import type { onnx } from 'onnx-proto';
import { Bug } from '../base/bug.ts';
import { averagingMatrix } from './adaptivePool.ts';
import { read } from './op.ts';
import type { Activation, Network, Node, Reader, Shape, Window } from './op.ts';
import { padsAround, perAxis } from './padding.ts';
import { inputShapes, mapOf, shapesOf } from './shapes.ts';
import type { TensorData, Weights } from './tensorData.ts';

const { ModelProto, AttributeProto: { AttributeType }, TensorProto: { DataType } } = onnxProto.onnx;

export interface OnnxInput {
  /** Of pixels scaled to 0…1, per channel; the model then takes uint8 pixels. Left out: it takes float32, normalised. */
  readonly normalise?: { readonly mean: readonly number[]; readonly std: readonly number[] };
}

/** Names of the model's input [N, height, width, channels] and output ([N, height, width, channels] or [N, features]). */
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
    irVersion: 8,
    opsetImport: [{ domain: '', version: 13 }],
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
  linear: (_, graph, node) =>
    graph.add('Gemm', [node.inputs[0]!, ...graph.parameters(node, 'weight', 'bias')], node.name, { transB: 1 }),
};

/** From x to y. Opset 13 has no HardSwish. */
const activations: Readonly<Record<Activation, (graph: Graph, x: string, y: string) => void>> = {
  silu: (graph, x, y) => {
    graph.add('Sigmoid', [x], `${y}.gate`);
    graph.add('Mul', [x, `${y}.gate`], y);
  },
  hardSwish: (graph, x, y) => {
    activations.hardSigmoid(graph, x, `${y}.gate`);
    graph.add('Mul', [x, `${y}.gate`], y);
  },
  hardSigmoid: (graph, x, y) => graph.add('HardSigmoid', [x], y, { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
  sigmoid: (graph, x, y) => graph.add('Sigmoid', [x], y),
  tanh: (graph, x, y) => graph.add('Tanh', [x], y),
};

type Attributes = Readonly<Record<string, number | readonly number[] | { readonly float: number }>>;

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

  add(opType: string, inputs: readonly string[], output: string, attributes: Attributes = {}): void {
    this.nodes.push({ opType, name: output, input: [...inputs], output: [output], attribute: Object.entries(attributes).map(attributeOf) });
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

  constant(value: number): string {
    const name = `constant.${value}`;
    if (!this.#constants.has(name)) this.tensor(name, { shape: [], data: Float32Array.of(value) });
    this.#constants.add(name);
    return name;
  }

  tensor(name: string, { shape, data }: TensorData): string {
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength); // little-endian, as the format and every platform here
    this.tensors.push({ name, dims: [...shape], dataType: DataType.FLOAT, rawData });
    return name;
  }
}

const vector = (values: readonly number[]): TensorData => ({ shape: [values.length], data: Float32Array.from(values) });

function attributeOf([name, value]: [string, Attributes[string]]): onnx.IAttributeProto {
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
  return { name, type: AttributeType.INTS, ints: [...value] };
}

const valueInfo = (name: string, elemType: number, shape: Shape): onnx.IValueInfoProto => ({
  name,
  type: { tensorType: { elemType, shape: { dim: [{ dimParam: 'N' }, ...shape.map((dimValue) => ({ dimValue }))] } } },
});
