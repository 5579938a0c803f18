import type { Activation, Network, Node, Op } from './op.ts';

type Convolution = Omit<Op<'conv'>, 'op' | 'groups' | 'bias'> & { readonly groups?: number; readonly bias?: boolean };

/** PyTorch's default. TensorFlow's weights were trained with 0.01; timm fine-tunes all with 0.1, which follows a small set within a few epochs. */
const momentum = 0.1;

/** Writes a network's nodes down in their order. Each method adds one and returns its name, for the next to read. */
export class NetworkBuilder {
  readonly #nodes: Node[] = [];
  readonly #norm: Op<'batchNorm'>;

  /** epsilon: of every batch norm; PyTorch's if left out. */
  constructor(epsilon = 1e-5) {
    this.#norm = { op: 'batchNorm', epsilon, momentum };
  }

  get nodes(): Network['nodes'] {
    return this.#nodes;
  }

  add(name: string, op: Op, ...inputs: readonly string[]): string {
    this.#nodes.push({ name, op, inputs });
    return name;
  }

  conv(name: string, { groups = 1, bias = false, ...op }: Convolution, x: string): string {
    return this.add(name, { op: 'conv', groups, bias, ...op }, x);
  }

  depthwise(name: string, op: Omit<Op<'depthwiseConv'>, 'op' | 'bias'>, x: string): string {
    return this.add(name, { op: 'depthwiseConv', bias: false, ...op }, x);
  }

  norm(name: string, x: string): string {
    return this.add(name, this.#norm, x);
  }

  activation(name: string, kind: 'relu' | 'relu6' | Activation, x: string): string {
    return this.add(name, kind === 'relu' || kind === 'relu6' ? { op: kind } : { op: 'activation', kind }, x);
  }

  head(classes: number, x: string): string {
    return this.add('head', { op: 'linear', units: classes, bias: true }, x);
  }
}
