// @ts-check
// Builds and runs the benchmarks: npm run bench [-- features job accuracy cost precision negative-transfer]. Peers need a Python with torch and timm.
import { spawnSync } from 'node:child_process';
import { buildWhenStale } from './build.mjs';
import { root } from './repo.mjs';

await buildWhenStale();
const run = (/** @type {readonly string[]} */ args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
process.exitCode = run(['node_modules/typescript/bin/tsc', '-p', '.']) || run(['out/bench/main.js', ...process.argv.slice(2)]);
