/** The parts of an axis that adaptive pooling averages (torch.nn.AdaptiveAvgPool2d): part i is from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉. */
const partsOf = (size: number, parts: number): readonly (readonly [from: number, to: number])[] =>
  Array.from({ length: parts }, (_, i) => [Math.floor(i * size / parts), Math.ceil((i + 1) * size / parts)]);

/** Their means as a matrix [size, parts], by which a row of values is multiplied. */
export function averagingMatrix(size: number, parts: number): Float32Array {
  const matrix = new Float32Array(size * parts);
  for (const [part, [from, to]] of partsOf(size, parts).entries()) {
    for (let i = from; i < to; i++) matrix[i * parts + part] = 1 / (to - from);
  }
  return matrix;
}
