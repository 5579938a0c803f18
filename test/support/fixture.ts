import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from './root.ts';

/** A JSON file below test/fixtures. Throws when it is missing: an expected value is never made up on the way. */
// One cast for all: what a fixture holds stands beside the test that reads it.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export const jsonFixture = <T>(path: string): T => JSON.parse(readFileSync(join(repoRoot, 'test/fixtures', path), 'utf8')) as T;
