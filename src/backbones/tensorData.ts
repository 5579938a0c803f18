/** A tensor outside any engine: float32 values in row-major order, in the layout of the file it came from (PyTorch's: OIHW, [out, in]). */
export interface TensorData {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Parameters and buffers by their original names. */
export type Weights = ReadonlyMap<string, TensorData>;
