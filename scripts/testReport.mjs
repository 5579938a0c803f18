// @ts-check
import { relative } from 'node:path';
import { root } from './repo.mjs';

/** Everything slower is worth a line of its own while one waits. */
const slowMs = 1000;

/** Prints results as they come, failures in full, and keeps the counts. */
export class TestReport {
  passed = 0;
  failed = 0;
  skipped = 0;
  /** @type {string[]} */
  #failures = [];

  /** @param {string} title */
  group(title) {
    console.log(`\n${title}`);
  }

  /** @param {string} name @param {number} ms */
  pass(name, ms) {
    this.passed++;
    if (ms >= slowMs) console.log(`  ok    ${name} (${seconds(ms)})`);
  }

  /** @param {string} name @param {string} why @param {number} [count] how many tests that stands for */
  skip(name, why, count = 1) {
    this.skipped += count;
    console.log(`  skip  ${name}: ${why}`);
  }

  /** @param {string} name @param {string} problem */
  fail(name, problem) {
    this.failed++;
    this.#failures.push(name);
    console.log(`  FAIL  ${name}\n${problem.trimEnd().replace(/^/gm, '        ')}`);
  }

  /** @param {string} line */
  note(line) {
    console.log(`  ${line}`);
  }

  /** The last line is for machines: counts and nothing else. */
  finish() {
    console.log('');
    for (const name of this.#failures) console.log(`failed: ${name}`);
    console.log(`${this.passed} passed, ${this.failed} failed${this.skipped ? `, ${this.skipped} skipped` : ''}`);
  }
}

/** @param {number} ms */
export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/**
 * Follows node's test runner. Only leaves count: a test with subtests stands for them. A file that reports itself as
 * its only test held none, or died before it could report any.
 * @param {AsyncIterable<{ type: string, data: any }>} events
 * @param {TestReport} report
 */
export async function follow(events, report) {
  let file = '', inFile = 0, failedInFile = 0, ms = 0, noise = '', depthBefore = 0;
  const endFile = () => {
    if (file && inFile) report.note(`${failedInFile ? 'FAIL ' : 'ok   '} ${nameOf(file)}: ${inFile} test${inFile === 1 ? '' : 's'} (${seconds(ms)})`);
  };
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') noise += data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.file !== file) {
      endFile();
      [file, inFile, failedInFile, ms, depthBefore] = [data.file ?? data.name, 0, 0, 0, 0];
    }
    const isParent = data.nesting < depthBefore || data.details.type === 'suite';
    depthBefore = data.nesting;
    const error = data.details.error;
    const isFile = data.name === data.file;
    const name = isFile ? nameOf(file) : `${nameOf(file)} › ${data.name}`;
    if (type === 'test:pass' && isParent) continue;
    if (error?.failureType === 'subtestsFailed') continue;
    inFile++;
    ms += data.details.duration_ms;
    if (type === 'test:fail') {
      failedInFile++;
      report.fail(name, `${textOfError(error)}${noise ? `\n--- printed:\n${lastLines(noise, 60)}` : ''}`);
    } else if (isFile) report.fail(name, 'holds no test');
    else if (data.skip !== undefined || data.todo !== undefined) report.skip(name, typeof data.skip === 'string' ? data.skip : 'no reason given');
    else report.pass(name, data.details.duration_ms);
    noise = '';
  }
  endFile();
}

/** @param {string} file compiled: out/test/unit/base/rng.test.js → unit/base/rng */
const nameOf = (file) => relative(root, file).replaceAll('\\', '/').replace(/^out\/test\//, '').replace(/\.test\.m?js$/, '');

/** @param {any} error */
function textOfError(error) {
  const cause = error?.cause ?? error;
  return String(cause?.stack ?? cause?.message ?? cause);
}

/** @param {string} text @param {number} count */
const lastLines = (text, count) => text.trimEnd().split('\n').slice(-count).join('\n');
