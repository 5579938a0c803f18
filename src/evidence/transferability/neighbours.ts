/**
 * The nearest neighbours of each photo among the others, by cosine similarity, as for evidence/knn.ts; here nothing is
 * held out but the photo itself (leave one out), so that every photo judges and is judged.
 */
export interface Neighbours {
  /** Each photo's k nearest others, the nearest first; of equals the earlier. */
  readonly of: readonly (readonly number[])[];
}

export function neighboursOf(gram: Float64Array, items: number, k: number): Neighbours {
  const lengths = Float64Array.from({ length: items }, (_, i) => Math.sqrt(gram[i * items + i]!));
  const similarity = new Float64Array(items);
  const nearest = (i: number): number[] => {
    for (let j = 0; j < items; j++) similarity[j] = j === i || lengths[i] === 0 || lengths[j] === 0 ? -Infinity : gram[i * items + j]! / lengths[i]! / lengths[j]!;
    const best: number[] = [];
    for (let j = 0; j < items; j++) {
      if (j === i || best.length === k && similarity[j]! <= similarity[best[k - 1]!]!) continue;
      let at = Math.min(best.length, k - 1);
      for (; at > 0 && similarity[best[at - 1]!]! < similarity[j]!; at--) best[at] = best[at - 1]!;
      best[at] = j;
    }
    return best;
  };
  return { of: Array.from({ length: items }, (_, i) => nearest(i)) };
}

/** How many of a photo's neighbours stand in each class. */
export function votesOf(neighbours: readonly number[], labels: ArrayLike<number>, classes: number): Uint32Array {
  const votes = new Uint32Array(classes);
  for (const j of neighbours) votes[labels[j]!]!++;
  return votes;
}

/** The class of each photo by the majority of its neighbours; a tie goes to the lower index. */
export const votedClasses = ({ of }: Neighbours, labels: ArrayLike<number>, classes: number): Int32Array =>
  Int32Array.from(of, (neighbours) => {
    const votes = votesOf(neighbours, labels, classes);
    return votes.indexOf(Math.max(...votes));
  });
