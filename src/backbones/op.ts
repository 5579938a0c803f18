/**
 * A network is data: a list of nodes in execution order, each one op of this closed set, with the parameter names of
 * the library its weights come from (timm, Hugging Face). Forward, training, ONNX, the freeze tree, shapes and cost are
 * readers of the same list: a table with one rule per op, total by type (see `Reader`).
 * The set is meant for every family in docs/decisions/ops.md; an op is added here with all of its readers.
 */
export interface Ops {
  /** [h, w, c] → [h', w', filters]. Parameters: weight [filters, c / groups, kernel height, kernel width] (as stored), bias? [filters]. */
  conv: Window & { readonly filters: number; readonly groups: number; readonly bias: boolean };
  /** One filter per channel (groups = channels). Parameters: weight [c, 1, kernel height, kernel width], bias? [c]. */
  depthwiseConv: Window & { readonly bias: boolean };
  /** Parameters: weight, bias [c]; buffers: running_mean, running_var [c]. `momentum` as in PyTorch: new = (1 − m) old + m batch. */
  batchNorm: { readonly epsilon: number; readonly momentum: number };
  relu: object;
  relu6: object;
  activation: { readonly kind: Activation };
  /** Two inputs of one shape; of a residual block: first the branch, then the shortcut (residuals.ts). */
  add: object;
  /** Two inputs; the second may be [1, 1, c], one factor per channel (squeeze-and-excite). */
  multiply: object;
  /** Side by side along the last axis. */
  concat: object;
  /** [..., c] → [..., before + c + after], the new ones zero. */
  padChannels: { readonly before: number; readonly after: number };
  maxPool: Window;
  /** Padding counts as zeros. */
  averagePool: Window;
  /** [h, w, c] → [height, width, c], each value the mean of its part of the map; parts overlap or repeat where sizes do not divide. */
  adaptiveAveragePool: { readonly height: number; readonly width: number };
  /** [h, w, c] → [c]. */
  globalAveragePool: object;
  /** [h, w, c] → [c · h · w], channel after channel, as the libraries' weights expect. */
  flatten: object;
  /** [..., c] → [..., units]. Parameters: weight [units, c] (as stored), bias? [units]. */
  linear: { readonly units: number; readonly bias: boolean };
  /** Each vector along the last axis by its own mean and variance (Ba et al. 2016, arXiv:1607.06450). Parameters: weight, bias [c]. */
  layerNorm: { readonly epsilon: number };
  /** [..., c] times gamma [c], which starts as `initial` (layer scale: Touvron et al. 2021, arXiv:2103.17239). */
  scale: { readonly initial: number };
  /** [h, w, c] → [h · w, c], row by row. */
  tokens: object;
  /** [n, c] → [count + n, c]: learnt tokens (class, registers) before the others. Parameter: [1, count, c], of the node's own name. */
  prepend: { readonly count: number };
  /** [n, c] plus learnt positions. Parameter: [1, n, c], of the node's own name; of other length where it was made for another image size (`grid`). */
  addTable: { readonly grid?: GridResize };
  /**
   * Queries, keys, values, each [n, c] → [n, c]: softmax(q kᵀ / √(c / heads)) v within each of `heads` parts of c
   * (Vaswani et al. 2017, arXiv:1706.03762). `fused`: one input [n, 3 c] that holds the three side by side.
   */
  attention: { readonly heads: number; readonly fused: boolean };
  /** [n, c] → [c]. */
  takeToken: { readonly at: number };
  /** [n, c] → [c]: mean of the tokens behind the first `skip`. */
  meanTokens: { readonly skip: number };
}

/** The last from[0] · from[1] rows of a table are a grid, row by row, to be resized bicubically; the rows before it stay. */
export interface GridResize {
  readonly from: readonly [height: number, width: number];
  readonly to: readonly [height: number, width: number];
  /** Whether the filter widens where the grid shrinks: timm's way. Hugging Face does not. */
  readonly antialias: boolean;
}

/** What slides over a map. */
export interface Window {
  readonly kernel: PerAxis;
  readonly stride: number;
  readonly padding: Padding;
}

/** One number for both axes of a map. */
export type PerAxis = number | readonly [height: number, width: number];

/** `same`: TensorFlow's, the odd pixel at the bottom right, depends on the input's size. Numbers: symmetric zeros. */
export type Padding = 'same' | PerAxis;

/**
 * `silu` is x σ(x), also called swish; the hard ones replace σ by relu6(x + 3) / 6 (Howard et al. 2019, arXiv:1905.02244).
 * GELU (Hendrycks & Gimpel 2016, arXiv:1606.08415) is x Φ(x), approximated by tanh, or x σ(1.702 x).
 */
export type Activation = 'silu' | 'hardSwish' | 'hardSigmoid' | 'sigmoid' | 'tanh' | 'geluErf' | 'geluTanh' | 'geluQuick';

export type OpName = keyof Ops;
export type Op<K extends OpName = OpName> = { [P in K]: { readonly op: P } & Ops[P] }[K];

/**
 * One step of a network. `name` is its module path and prefixes its parameters: `blocks.1.0.conv_pw` → `blocks.1.0.conv_pw.weight`.
 * A tensor that belongs to no layer of its library (`pos_embed`) has the node's own name.
 */
export interface Node {
  readonly name: string;
  readonly op: Op;
  /** Names of earlier nodes, or `input`. */
  readonly inputs: readonly string[];
}

/** `input` → nodes in execution order → the last node's output. */
export interface Network {
  readonly name: string;
  /** [height, width, channels] of one sample; of a suffix, the shape at the freeze boundary. */
  readonly input: Shape;
  readonly nodes: readonly Node[];
  /** The rows of the layer tree, from input to head, together covering every parameter once. Left out: one per first segment of the names. */
  readonly blocks?: readonly Block[];
  /** How its library draws weights that nobody trained. Left out: by fan-out. */
  readonly initial?: Initialisation;
}

export interface Initialisation {
  /**
   * Of all but the head, whose weights are always PyTorch's: normal with variance 2 / fan-out or 2 / fan-in (He et al.
   * 2015, arXiv:1502.01852), PyTorch's own (uniform within ±1/√fan-in, biases too), or normal of this deviation.
   */
  readonly kernels: 'fanOut' | 'fanIn' | 'torch' | { readonly deviation: number };
  /** Batch norms whose scale starts at 0, so that their residual block starts as the identity (Goyal et al. 2017, arXiv:1706.02677). */
  readonly zeroScales?: readonly string[];
  /** Nodes besides the head whose kernels are PyTorch's own nevertheless. */
  readonly asTorch?: readonly string[];
}

/** What a tree row and a freeze pattern name, and what layer decay counts. */
export interface Block {
  /** `stem`, `blocks.5`, `head`: unique, and no node's name unless it is one of its own. */
  readonly path: string;
  /** Node names, or dotted prefixes of them: [`conv_stem`, `bn1`], [`blocks.5`]. */
  readonly members: readonly string[];
}

/** [height, width, channels] of a map, [tokens, width], or [features]. */
export type Shape = readonly number[];

/** One way of reading ops: a rule for each of them. A missing or mistyped rule does not compile. */
export type Reader<Args extends readonly unknown[], V> = { readonly [K in OpName]: (op: Op<K>, ...args: Args) => V };

/** Applies the rule of `op` in `table`. */
export function read<Args extends readonly unknown[], V>(table: Reader<Args, V>, op: Op, ...args: Args): V {
  // One cast: TypeScript cannot see that table[op.op] takes this very op.
  return (table[op.op] as (op: Op, ...args: Args) => V)(op, ...args);
}
