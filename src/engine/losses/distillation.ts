import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from '../losses.ts';

/**
 * How far a student's softened probabilities are from its teacher's (Hinton et al. 2015, arXiv:1503.02531): the mean of
 * KL(teacher ‖ student) over the rows, times temperature², which keeps its gradient as large as that of the labels.
 * Both logits: [batch, classes]; no gradient flows to the teacher.
 */
export function distillation(student: tf.Tensor2D, teacher: tf.Tensor2D, temperature: number): tf.Scalar {
  const soft = tf.div<tf.Tensor2D>(teacher, temperature), mass = tf.div<tf.Tensor2D>(tf.softmax(soft), student.shape[0]);
  const entropy = tf.neg(tf.sum(tf.mul(mass, tf.logSoftmax(soft))));
  return tf.mul(tf.sub(crossEntropy(tf.div(student, temperature), mass), entropy), temperature ** 2);
}
