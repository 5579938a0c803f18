// @ts-check
// Prints what src/engine/selfTest.ts expects, computed in plain JavaScript: paste it there when its network changes.
// usage: npx tsc -p . && node scripts/selfTestValues.mjs
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { root } from './repo.mjs';

/** @param {string} path */
const compiled = (path) => import(pathToFileURL(join(root, 'out', 'src', 'engine', path)).href);

const { cpu } = await compiled('rungs/cpu.js');
const { selfTestValues } = await compiled('selfTest.js');
const started = await cpu.start();
const { loss, marks } = await selfTestValues(started.value.kernels);
console.log(`  loss: ${loss},\n  marks: {`);
for (const [name, mark] of Object.entries(marks)) {
  console.log(`    '${name}': [${mark.map((/** @type {number} */ value) => value.toPrecision(7)).join(', ')}],`);
}
console.log('  },');
