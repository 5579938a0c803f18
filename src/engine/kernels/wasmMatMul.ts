import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { Bug } from '../../base/bug.ts';
import type { WasmModule } from '../rungs/wasmModule.ts';

/**
 * Stands in for BatchMatMul, which has XNNPACK's product for one pair of plain matrices only; batches and transposes take
 * a loop of single multiplications. Here each matrix of a batch goes to XNNPACK, transposed before where that is asked
 * for: attention's products (48 of 197 × 64 × 197) take an eighth to an eleventh of the time.
 * a: [...batch, rows, inner], b: [...batch, inner, columns] (or each transposed); one of them may be a single matrix.
 */
export const batchMatMul: tf.KernelFunc = ({ inputs, attrs, backend }) => tf.tidy(() => {
  const { transposeA, transposeB } = attrs as unknown as { transposeA: boolean; transposeB: boolean };
  const a = oriented(inputs['a'] as tf.Tensor, transposeA), b = oriented(inputs['b'] as tf.Tensor, transposeB);
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const [rows, inner] = a.shape.slice(-2) as [number, number], columns = b.shape.at(-1)!;
  const wasm = backend as BackendWasm, product = wasm.makeOutput([...batch, rows, columns], 'float32');
  const count = batch.reduce((product, length) => product * length, 1);
  const multiply = multiplierOf(wasm, [1, rows, inner], [1, inner, columns]);
  const left = matricesOf(wasm, a, count), right = matricesOf(wasm, b, count), results = matricesOf(wasm, product, count);
  for (let i = 0; i < count; i++) multiply(left.at(i), right.at(i), results.at(i));
  for (const matrices of [left, right, results]) matrices.dispose();
  return tf.engine().makeTensorFromTensorInfo(product);
});

const oriented = (x: tf.Tensor, transposed: boolean): tf.Tensor => {
  if (!transposed) return x;
  const axes = x.shape.map((_, axis) => axis), last = axes.pop()!;
  return tf.transpose(x, [...axes.slice(0, -1), last, last - 1]);
};

type Multiply = (left: number, right: number, result: number) => void;

/** The backend's own product of one matrix with another, by their ids. */
function multiplierOf({ wasm }: BackendWasm, leftShape: readonly number[], rightShape: readonly number[]): Multiply {
  const call = (wasm as WasmModule).cwrap('BatchMatMul', null, ['number', 'array', 'number', 'number', 'array', 'number', 'number', 'number', 'number']) as
    (left: number, leftShape: Uint8Array, leftRank: number, right: number, rightShape: Uint8Array, rightRank: number, transposeLeft: number, transposeRight: number, result: number) => void;
  const [leftBytes, rightBytes] = [leftShape, rightShape].map((shape) => new Uint8Array(Int32Array.from(shape).buffer)) as [Uint8Array, Uint8Array];
  return (left, right, result) => call(left, leftBytes, 3, right, rightBytes, 3, 0, 0, result);
}

/** The matrices that lie behind one another in `x`, each as a tensor of the backend that owns no memory. */
function matricesOf(wasm: BackendWasm, x: tf.TensorInfo, count: number): { at(i: number): number; dispose(): void } {
  const { id, memoryOffset } = wasm.dataIdMap.get(x.dataId), shape = x.shape.slice(-2), size = shape[0]! * shape[1]!;
  const held = x.shape.slice(0, -2).reduce((product, length) => product * length, 1);
  if (held === 1) return { at: () => id, dispose: () => undefined };
  if (held !== count) throw new Bug(`a product of ${count} pairs of matrices with ${held}`);
  const views = Array.from({ length: count }, (_, i) => wasm.makeOutput(shape, 'float32', memoryOffset + i * size * Float32Array.BYTES_PER_ELEMENT));
  const ids = views.map(({ dataId }) => wasm.dataIdMap.get(dataId).id);
  return {
    at: (i) => ids[i]!,
    dispose() {
      for (const [i, { dataId }] of views.entries()) {
        wasm.wasm.tfjs.disposeData(ids[i]!); // with what XNNPACK had packed of it
        wasm.dataIdMap.delete(dataId);
      }
    },
  };
}
