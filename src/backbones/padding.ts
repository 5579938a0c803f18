import type { Padding } from './op.ts';

/** Length of a window op's output along one axis. Both rounding rules are those of the libraries: TensorFlow's SAME, PyTorch's floor. */
export function windowOut(size: number, kernel: number, stride: number, padding: Padding): number {
  return padding === 'same' ? Math.ceil(size / stride) : Math.floor((size + 2 * padding - kernel) / stride) + 1;
}

/** Zeros [before, after] along one axis. SAME puts the odd one behind, and how many there are depends on the input's size. */
export function padsOf(size: number, kernel: number, stride: number, padding: Padding): readonly [before: number, after: number] {
  if (padding !== 'same') return [padding, padding];
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size);
  const before = Math.floor(total / 2);
  return [before, total - before];
}
