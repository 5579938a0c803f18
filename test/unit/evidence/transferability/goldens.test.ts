/** Every transferability score against reference values (numpy, scikit-learn's Ledoit-Wolf), tall and wide features. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { centredGram } from '../../../../src/evidence/transferability/gram.ts';
import { gramOf } from '../../../../src/evidence/products.ts';
import { leep } from '../../../../src/evidence/transferability/leep.ts';
import { logMe } from '../../../../src/evidence/transferability/logMe.ts';
import { neighboursOf, votedClasses } from '../../../../src/evidence/transferability/neighbours.ts';
import { regularisedHScore } from '../../../../src/evidence/transferability/hScore.ts';
import { assertGolden, bundledCase } from '../../../support/goldens.ts';

for (const [name, classes, ks] of [['metric.transfer', 3, [1, 5, 10]], ['metric.transfer_wide', 2, [1, 3, 5]]] as const) {
  const golden = bundledCase(name);
  const { data: features, shape: [items, width] } = golden.tensor('in/features');
  const labels = golden.tensor('in/y').data, gram = gramOf(Float64Array.from(features), features.length / items!);

  test(`${name}: LogME, its classes and its precisions are the reference's`, () => {
    const { value, perClass, precisions } = logMe(gram, labels, classes);
    assertGolden(golden, 'logme', [value]);
    assertGolden(golden, 'logme_per_class', perClass);
    assertGolden(golden, 'logme_alpha_beta', precisions.flat());
  });

  test(`${name}: the regularised H-score and its shrinkage are the reference's`, () => {
    const { value, shrinkage } = regularisedHScore(centredGram(gram, items!), labels, classes, width!);
    assertGolden(golden, 'ledoit_wolf_shrinkage', [shrinkage]);
    assertGolden(golden, 'reg_hscore', [value]);
  });

  test(`${name}: LEEP is the reference's`, () => {
    const { data } = golden.tensor('in/source_probs');
    assert.ok(data instanceof Float64Array);
    assertGolden(golden, 'leep', [leep(data, labels, classes)]);
  });

  test(`${name}: leaving one out, ${ks.join(', ')} neighbours are right as often as in the reference`, () => {
    for (const k of ks) {
      const voted = votedClasses(neighboursOf(gram, items!, k), labels, classes);
      assertGolden(golden, `knn_loo_k${k}_majority`, [voted.filter((c, i) => c === labels[i]).length / items!]);
    }
  });
}
