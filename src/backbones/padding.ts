import type { PerAxis, Window } from './op.ts';

/** Length of a window op's output along one axis. Both rounding rules are those of the libraries: TensorFlow's SAME, PyTorch's floor. */
export function windowOut(size: number, kernel: number, stride: number, padding: 'same' | number): number {
  return padding === 'same' ? Math.ceil(size / stride) : Math.floor((size + 2 * padding - kernel) / stride) + 1;
}

/** Zeros [before, after] along one axis. SAME puts the odd one behind, and how many there are depends on the input's size. */
export function padsOf(size: number, kernel: number, stride: number, padding: 'same' | number): readonly [before: number, after: number] {
  if (padding !== 'same') return [padding, padding];
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size);
  const before = Math.floor(total / 2);
  return [before, total - before];
}

export const perAxis = (value: PerAxis): readonly [height: number, width: number] => typeof value === 'number' ? [value, value] : value;

/** Both axes of a map, each by the rule for one. */
const onBothAxes = <V>(
  [height, width]: readonly [height: number, width: number], { kernel, stride, padding }: Window,
  rule: (size: number, kernel: number, stride: number, padding: 'same' | number) => V,
): readonly [vertical: V, horizontal: V] => {
  const [tall, wide] = perAxis(kernel), [vertical, horizontal] = padding === 'same' ? [padding, padding] as const : perAxis(padding);
  return [rule(height, tall, stride, vertical), rule(width, wide, stride, horizontal)];
};

/** Size of a window op's output. */
export const windowsOver = (size: readonly [height: number, width: number], window: Window): readonly [height: number, width: number] =>
  onBothAxes(size, window, windowOut);

/** Zeros around a map: above and below, left and right. */
export const padsAround = (size: readonly [height: number, width: number], window: Window): readonly [readonly [number, number], readonly [number, number]] =>
  onBothAxes(size, window, padsOf);
