/** Rows of one width, row-major. */
type Rows = Float32Array | Float64Array;

/**
 * A Bᵀ, the product of each row of `a` with each of `b`: float64, [rows of a, rows of b]. Four rows by four, so that each
 * value fetched serves four products (on 500 × 500 rows of 1,280: 1.7 × as fast as four by one).
 */
export function products(a: Rows, b: Rows, width: number): Float64Array {
  const count = b.length / width, out = new Float64Array(a.length / width * count);
  blocks(a, b, width, () => 0, (i, j, product) => { out[i * count + j] = product; });
  return out;
}

/** F Fᵀ, [rows, rows], each product taken once. */
export function gramOf(features: Rows, width: number): Float64Array {
  const count = features.length / width, out = new Float64Array(count * count);
  blocks(features, features, width, (i) => i, (i, j, product) => { out[i * count + j] = out[j * count + i] = product; });
  return out;
}

/** firstOf: where the rows of `b` begin that the rows of `a` from `i` on are multiplied with. Past the end the last row stands in, and gives its own product again. */
function blocks(a: Rows, b: Rows, width: number, firstOf: (i: number) => number, take: (i: number, j: number, product: number) => void): void {
  const [lastA, lastB] = [a.length / width - 1, b.length / width - 1];
  for (let i = 0; i <= lastA; i += 4) {
    const i1 = Math.min(i + 1, lastA), i2 = Math.min(i + 2, lastA), i3 = Math.min(i + 3, lastA);
    const a0 = i * width, a1 = i1 * width, a2 = i2 * width, a3 = i3 * width;
    for (let j = firstOf(i); j <= lastB; j += 4) {
      const j1 = Math.min(j + 1, lastB), j2 = Math.min(j + 2, lastB), j3 = Math.min(j + 3, lastB);
      const b0 = j * width, b1 = j1 * width, b2 = j2 * width, b3 = j3 * width;
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0, s20 = 0, s21 = 0, s22 = 0, s23 = 0, s30 = 0, s31 = 0, s32 = 0, s33 = 0;
      for (let k = 0; k < width; k++) {
        const x0 = a[a0 + k]!, x1 = a[a1 + k]!, x2 = a[a2 + k]!, x3 = a[a3 + k]!, y0 = b[b0 + k]!, y1 = b[b1 + k]!, y2 = b[b2 + k]!, y3 = b[b3 + k]!;
        s00 += x0 * y0;
        s01 += x0 * y1;
        s02 += x0 * y2;
        s03 += x0 * y3;
        s10 += x1 * y0;
        s11 += x1 * y1;
        s12 += x1 * y2;
        s13 += x1 * y3;
        s20 += x2 * y0;
        s21 += x2 * y1;
        s22 += x2 * y2;
        s23 += x2 * y3;
        s30 += x3 * y0;
        s31 += x3 * y1;
        s32 += x3 * y2;
        s33 += x3 * y3;
      }
      take(i, j, s00);
      take(i, j1, s01);
      take(i, j2, s02);
      take(i, j3, s03);
      take(i1, j, s10);
      take(i1, j1, s11);
      take(i1, j2, s12);
      take(i1, j3, s13);
      take(i2, j, s20);
      take(i2, j1, s21);
      take(i2, j2, s22);
      take(i2, j3, s23);
      take(i3, j, s30);
      take(i3, j1, s31);
      take(i3, j2, s32);
      take(i3, j3, s33);
    }
  }
}
