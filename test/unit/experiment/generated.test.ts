import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { generateExperimentDocs, generateJsonSchema } from '../../../src/experiment/describe.ts';
import { parseExperiment } from '../../../src/experiment/parse.ts';
import { experimentField, fieldAt, leafPaths, wordsOf } from '../../../src/experiment/schema.ts';
import { repoRoot } from '../../support/root.ts';

test('docs/experiment-file.md and schema/thaw.schema.json are what the table of keys generates', () => {
  assert.equal(readFileSync(join(repoRoot, 'docs/experiment-file.md'), 'utf8'), generateExperimentDocs());
  assert.deepEqual(JSON.parse(readFileSync(join(repoRoot, 'schema/thaw.schema.json'), 'utf8')), generateJsonSchema());
});

test('every key is described in one sentence, and its default is allowed by its own rules', () => {
  const paths = leafPaths(experimentField, '');
  assert.equal(paths.length, 63);
  for (const path of paths) {
    const field = fieldAt(path);
    assert.ok(field && field.kind !== 'map');
    assert.match(field.describe, /^[A-Z].*\.$/);
    assert.ok(!field.describe.includes('|'), path); // would break the table of the docs
    if (typeof field.default === 'string' && field.kind !== 'text' && field.kind !== 'duration') assert.ok(Object.hasOwn(wordsOf(field), field.default), path);
    else if (field.kind === 'number' || field.kind === 'share') assert.ok(Number(field.default) >= field.min && Number(field.default) <= field.max, path);
  }
});

test('the example in the docs is a sound experiment', () => {
  const example = /```yaml\n([^`]*)```/.exec(generateExperimentDocs())?.[1];
  assert.ok(example);
  assert.ok(parseExperiment(example, '').ok);
});
