import { Bug } from '../base/bug.ts';

/**
 * k nearest neighbours on pretrained features: what the backbone knows of these classes before anything is trained.
 * Cosine similarity and a vote of the k nearest training items, as in Wu et al. 2018 (arXiv:1805.01978, §3.4) and
 * Caron et al. 2021 (DINO). Left out: their weighting exp(similarity / 0.07); with k = 5 the plain majority is as good
 * and has no parameter. A tie goes to the lower class index.
 */
export interface Knn {
  /** queries: float32 [items, width]. Returns the class of each. Call it in blocks: it computes until it is done. */
  predict(queries: Float32Array): Int32Array;
  /** The same for targets that are numbers: float32 [training items, outputs] → the mean over the neighbours of each. */
  means(queries: Float32Array, targets: Float32Array): Float32Array;
}

export interface KnnOptions {
  /** Features per item. */
  readonly width: number;
  readonly classes: number;
  /** Neighbours that vote; all when there are fewer. */
  readonly k?: number;
}

/** Remembers the training items. features: float32 [items, width] (copied); labels: class index of each. */
export function fitKnn(features: Float32Array, labels: ArrayLike<number>, { width, classes, k = 5 }: KnnOptions): Knn {
  const items = labels.length;
  if (features.length !== items * width) throw new Bug(`${features.length} features for ${items} items of ${width}`);
  const train = normalised(features, width);
  const eachQuery = (queries: Float32Array, told: (query: number, neighbours: readonly number[]) => void): void => {
    const query = normalised(queries, width), count = query.length / width;
    const similarity = [new Float32Array(items), new Float32Array(items), new Float32Array(items), new Float32Array(items)];
    for (let first = 0; first < count; first += 4) {
      similarities(train, query, width, first, similarity);
      for (let i = first; i < Math.min(first + 4, count); i++) told(i, nearest(similarity[i - first]!, Math.min(k, items)));
    }
  };
  return {
    predict(queries) {
      const predicted = new Int32Array(queries.length / width);
      eachQuery(queries, (i, neighbours) => { predicted[i] = vote(neighbours, labels, classes); });
      return predicted;
    },
    means(queries, targets) {
      const outputs = targets.length / items, means = new Float32Array(queries.length / width * outputs);
      eachQuery(queries, (i, neighbours) => {
        for (const item of neighbours) for (let k = 0; k < outputs; k++) means[i * outputs + k]! += targets[item * outputs + k]! / neighbours.length;
      });
      return means;
    },
  };
}

/** Rows scaled to length 1; a row of zeros stays (similar to nothing). */
function normalised(rows: Float32Array, width: number): Float32Array {
  const out = Float32Array.from(rows);
  for (let start = 0; start < out.length; start += width) {
    let squares = 0;
    for (let i = start; i < start + width; i++) squares += out[i]! * out[i]!;
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let i = start; i < start + width; i++) out[i]! *= scale;
  }
  return out;
}

/** Similarities of four queries with every training row at once: each row is fetched from memory once for four. */
function similarities(train: Float32Array, query: Float32Array, width: number, first: number, out: readonly Float32Array[]): void {
  const [out0, out1, out2, out3] = out as [Float32Array, Float32Array, Float32Array, Float32Array];
  const count = query.length / width, last = count - 1; // past the end: the last query again, not used
  const q0 = first * width, q1 = Math.min(first + 1, last) * width, q2 = Math.min(first + 2, last) * width, q3 = Math.min(first + 3, last) * width;
  for (let row = 0, start = 0; start < train.length; row++, start += width) {
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (let i = 0; i < width; i++) {
      const t = train[start + i]!;
      s0 += t * query[q0 + i]!;
      s1 += t * query[q1 + i]!;
      s2 += t * query[q2 + i]!;
      s3 += t * query[q3 + i]!;
    }
    out0[row] = s0;
    out1[row] = s1;
    out2[row] = s2;
    out3[row] = s3;
  }
}

/** Indices of the k largest, by insertion into a short sorted list; of equals the earlier. */
function nearest(similarity: Float32Array, k: number): number[] {
  const best: number[] = [];
  for (let i = 0; i < similarity.length; i++) {
    if (best.length === k && similarity[i]! <= similarity[best[k - 1]!]!) continue;
    let at = Math.min(best.length, k - 1);
    for (; at > 0 && similarity[best[at - 1]!]! < similarity[i]!; at--) best[at] = best[at - 1]!;
    best[at] = i;
  }
  return best;
}

function vote(neighbours: readonly number[], labels: ArrayLike<number>, classes: number): number {
  const votes = new Uint32Array(classes);
  for (const i of neighbours) votes[labels[i]!]!++;
  return votes.indexOf(Math.max(...votes));
}
