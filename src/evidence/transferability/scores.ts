import { centredGram } from './gram.ts';
import { gramOf } from '../products.ts';
import { linearProbe } from './linearProbe.ts';
import { logMe } from './logMe.ts';
import { neighboursOf, votedClasses } from './neighbours.ts';
import { regularisedHScore } from './hScore.ts';

/** What features tell of classes without any training. */
export interface TransferScores {
  /** Classes by a linear probe and by the neighbours' vote, each photo left out of its own judgement. */
  readonly probe: Int32Array;
  readonly knn: Int32Array;
  readonly logMe: number;
  readonly hScore: number;
}

/** As evidence/knn.ts, so that the board and a run's control speak of the same thing. */
const neighbours = 5;

/** features: [items, width]. One matrix of products serves all four. */
export function transferScores(features: Float32Array, labels: ArrayLike<number>, classes: number): TransferScores {
  const items = labels.length, gram = gramOf(features, features.length / items), centred = centredGram(gram, items);
  const { value, precisions } = logMe(gram, labels, classes);
  // The strength that makes the labels most probable; one for all classes, so that one decomposition serves them.
  const strength = Math.exp(precisions.reduce((sum, [alpha, beta]) => sum + Math.log(alpha / beta), 0) / classes);
  return {
    probe: linearProbe(centred, labels, classes, strength),
    knn: votedClasses(neighboursOf(gram, items, neighbours), labels, classes),
    logMe: value,
    hScore: regularisedHScore(centred, labels, classes, features.length / items).value,
  };
}
