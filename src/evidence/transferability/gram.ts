/**
 * Dense symmetric matrices of n photos, as the scores here need them: every score of features [n, width] can be had from
 * the n × n products of the photos with one another, and n is some hundreds where width is a thousand or more. All are
 * float64, row-major. What is left out: eigenvectors; functions of (K + shift · I) are all that is asked for, and those
 * come from its tridiagonal form (Householder 1958; Golub & Van Loan, "Matrix Computations", section 8.3) in O(n) a shift.
 */
import { Bug } from '../../base/bug.ts';

/** Below this a shift is lost in the rounding of the matrix: what asks for less gets this much. */
export function leastShift(matrix: Float64Array, items: number): number {
  let largest = 0;
  for (let i = 0; i < items; i++) largest = Math.max(largest, matrix[i * items + i]!);
  return 1e-11 * (largest || 1);
}

/** The products as they would be had each feature been centred: rows and columns then sum to 0. */
export function centredGram(gram: Float64Array, items: number): Float64Array {
  const means = Float64Array.from({ length: items }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < items; j++) sum += gram[i * items + j]!;
    return sum / items;
  });
  const mean = means.reduce((sum, value) => sum + value, 0) / items;
  return gram.map((value, at) => value - means[Math.floor(at / items)]! - means[at % items]! + mean);
}

/** L of matrix + shift · I = L Lᵀ, the upper half left 0. */
export function cholesky(matrix: Float64Array, items: number, shift: number): Float64Array {
  const lower = new Float64Array(items * items);
  for (let i = 0; i < items; i++) {
    const row = i * items;
    for (let j = 0; j <= i; j++) {
      const other = j * items;
      let sum = matrix[row + j]! + (i === j ? shift : 0);
      for (let k = 0; k < j; k++) sum -= lower[row + k]! * lower[other + k]!;
      if (i !== j) lower[row + j] = sum / lower[other + j]!;
      else if (sum > 0) lower[row + j] = Math.sqrt(sum);
      else throw new Bug(`a matrix of ${items} is not positive definite: pivot ${sum} in row ${i}, shift ${shift}`);
    }
  }
  return lower;
}

/** L⁻¹ b. */
export function forwardSolve(lower: Float64Array, items: number, b: ArrayLike<number>): Float64Array {
  const x = new Float64Array(items);
  for (let i = 0; i < items; i++) {
    let sum = b[i]!;
    for (let k = 0; k < i; k++) sum -= lower[i * items + k]! * x[k]!;
    x[i] = sum / lower[i * items + i]!;
  }
  return x;
}

/** L⁻ᵀ b. */
export function backwardSolve(lower: Float64Array, items: number, b: ArrayLike<number>): Float64Array {
  const x = Float64Array.from(b);
  for (let i = items - 1; i >= 0; i--) {
    const value = x[i]! / lower[i * items + i]!;
    x[i] = value;
    for (let k = 0; k < i; k++) x[k]! -= lower[i * items + k]! * value;
  }
  return x;
}

/** The diagonal of (L Lᵀ)⁻¹. */
export function inverseDiagonal(lower: Float64Array, items: number): Float64Array {
  // Row j of Lᵀ⁻¹ is column j of L⁻¹, found from the top; kept as a row so that the inner loop runs along memory.
  const diagonal = new Float64Array(items), column = new Float64Array(items);
  for (let j = 0; j < items; j++) {
    let squares = 0;
    for (let i = j; i < items; i++) {
      let sum = i === j ? 1 : 0;
      for (let k = j, row = i * items; k < i; k++) sum -= lower[row + k]! * column[k]!;
      const value = sum / lower[i * items + i]!;
      column[i] = value;
      squares += value * value;
    }
    diagonal[j] = squares;
  }
  return diagonal;
}

/** T = Qᵀ K Q with `diagonal` and `beside` it, and the given vectors turned along: Qᵀ y. */
export interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** beside[i] stands between i and i + 1. */
  readonly beside: Float64Array;
  readonly vectors: readonly Float64Array[];
}

export function tridiagonalOf(matrix: Float64Array, items: number, vectors: readonly ArrayLike<number>[]): Tridiagonal {
  const a = matrix.slice(), turned = vectors.map((vector) => Float64Array.from(vector)), beside = new Float64Array(Math.max(0, items - 1));
  const v = new Float64Array(items), w = new Float64Array(items);
  for (let k = 0; k + 1 < items; k++) {
    let squares = 0;
    for (let i = k + 1; i < items; i++) squares += (v[i] = a[i * items + k]!) ** 2;
    const first = v[k + 1]!, length = first > 0 ? -Math.sqrt(squares) : Math.sqrt(squares);
    beside[k] = length;
    if (squares - first * first <= 0) { // below the diagonal all is 0 already
      beside[k] = first;
      continue;
    }
    v[k + 1] = first - length;
    const scale = 2 / (squares - first * first + v[k + 1]! ** 2);
    reflect(a, items, k + 1, v, w, scale);
    for (const y of turned) {
      let along = 0;
      for (let i = k + 1; i < items; i++) along += v[i]! * y[i]!;
      along *= scale;
      for (let i = k + 1; i < items; i++) y[i]! -= along * v[i]!;
    }
  }
  return { diagonal: Float64Array.from({ length: items }, (_, i) => a[i * items + i]!), beside, vectors: turned };
}

/** A ← (I − s v vᵀ) A (I − s v vᵀ) from row `from` on; only the lower half is read and written. */
function reflect(a: Float64Array, items: number, from: number, v: Float64Array, w: Float64Array, scale: number): void {
  w.fill(0);
  for (let i = from; i < items; i++) {
    const row = i * items, vi = v[i]!;
    let sum = a[row + i]! * vi;
    for (let j = from; j < i; j++) {
      const value = a[row + j]!;
      sum += value * v[j]!;
      w[j]! += value * vi;
    }
    w[i]! += sum;
  }
  let along = 0;
  for (let i = from; i < items; i++) along += (w[i]! *= scale) * v[i]!;
  for (let i = from; i < items; i++) w[i]! -= (scale / 2) * along * v[i]!;
  for (let i = from; i < items; i++) {
    const row = i * items, vi = v[i]!, wi = w[i]!;
    for (let j = from; j <= i; j++) a[row + j]! -= vi * w[j]! + wi * v[j]!;
  }
}

/** What a shift of a tridiagonal matrix says: R = (T + shift · I)⁻¹, all eigenvalues above −shift. */
export interface Resolvent {
  /** Trace of R. */
  readonly trace: number;
  /** ln det (T + shift · I). */
  readonly logDeterminant: number;
  /** R y. */
  solve(y: Float64Array): Float64Array;
}

export function resolventOf({ diagonal, beside }: Pick<Tridiagonal, 'diagonal' | 'beside'>, shift: number): Resolvent {
  const items = diagonal.length, down = new Float64Array(items), up = new Float64Array(items);
  for (let i = 0; i < items; i++) down[i] = diagonal[i]! + shift - (i > 0 ? beside[i - 1]! ** 2 / down[i - 1]! : 0);
  for (let i = items - 1; i >= 0; i--) up[i] = diagonal[i]! + shift - (i + 1 < items ? beside[i]! ** 2 / up[i + 1]! : 0);
  let trace = 0, logDeterminant = 0;
  for (let i = 0; i < items; i++) {
    trace += 1 / (down[i]! + up[i]! - diagonal[i]! - shift);
    logDeterminant += Math.log(down[i]!);
  }
  return {
    trace,
    logDeterminant,
    solve(y) {
      const x = Float64Array.from(y);
      for (let i = 1; i < items; i++) x[i]! -= (beside[i - 1]! / down[i - 1]!) * x[i - 1]!;
      for (let i = items - 1; i >= 0; i--) x[i] = (x[i]! - (i + 1 < items ? beside[i]! * x[i + 1]! : 0)) / down[i]!;
      return x;
    },
  };
}
