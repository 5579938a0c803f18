import * as tf from '@tensorflow/tfjs-core';

/**
 * Softmax attention with its gradient in closed form. That of the softmax needs Σ shares · dShares along each row, which
 * is also Σ values · dValues (Dao et al. 2022, arXiv:2205.14135, appendix B.2): a row of `size`, not of all keys. The shares,
 * [heads, queries, keys] of each sample, are computed again rather than kept: 1 % more work of ViT-S/16, a sixth of its memory.
 * On TensorFlow and a processor it is one op instead (tensorflowTokens.ts).
 */
export function attention(q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, heads: number): tf.Tensor3D {
  const scale = 1 / Math.sqrt(q.shape[2] / heads);
  const attend = tf.customGrad<tf.Tensor3D>((...args) => {
    const save = args.pop() as tf.GradSaveFunc;
    const [q, k, v] = args.map((x) => toHeads(x as tf.Tensor3D, heads)) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
    const scaled = tf.mul<tf.Tensor4D>(q, scale);
    const value = fromHeads(tf.matMul<tf.Tensor4D>(sharesOf(scaled, k), v));
    save([scaled, k, v, value]);
    return {
      value,
      gradFunc(dy: tf.Tensor3D, kept: tf.Tensor[]) {
        const [scaled, k, v] = kept as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
        const shares = sharesOf(scaled, k), dValues = toHeads(dy, heads), dV = tf.matMul(shares, dValues, true);
        const along = tf.sum(toHeads(tf.mul(dy, kept[3] as tf.Tensor3D), heads), -1, true);
        const dScores = tf.tidy(() => tf.mul(tf.sub(tf.matMul(dValues, v, false, true), along), shares));
        shares.dispose();
        return [tf.mul(tf.matMul(dScores, k), scale), tf.matMul(dScores, scaled, true), dV].map((dx) => fromHeads(dx as tf.Tensor4D));
      },
    };
  });
  return attend(q, k, v);
}

/** [batch, heads, queries, keys]. */
const sharesOf = (scaled: tf.Tensor4D, k: tf.Tensor4D): tf.Tensor4D => tf.tidy(() => tf.softmax(tf.matMul<tf.Tensor4D>(scaled, k, false, true)));

/** [batch, tokens, heads · size] → [batch, heads, tokens, size]. */
function toHeads(x: tf.Tensor3D, heads: number): tf.Tensor4D {
  const [batch, tokens, width] = x.shape;
  return tf.transpose(tf.reshape<tf.Rank.R4>(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
}

/** And back. */
function fromHeads(x: tf.Tensor4D): tf.Tensor3D {
  const [batch, heads, tokens, size] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch, tokens, heads * size]);
}
