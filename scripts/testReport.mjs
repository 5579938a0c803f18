// @ts-check
/** Everything slower is worth a line of its own while one waits. */
const slowMs = 1000;

/** Prints results as they come, failures in full, and keeps the counts. */
export class TestReport {
  passed = 0;
  failed = 0;
  skipped = 0;
  /** @type {string[]} */
  #failures = [];
  /** @type {string[]} */
  #unsteady = [];

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

  /** Passed, after it had failed once. @param {string} name */
  unsteady(name) {
    this.#unsteady.push(name);
  }

  /** The counts of another, which has printed what it has to say. @param {TestReport} other */
  add(other) {
    this.passed += other.passed;
    this.failed += other.failed;
    this.skipped += other.skipped;
    this.#failures.push(...other.#failures);
  }

  /** @param {string} line */
  note(line) {
    console.log(`  ${line}`);
  }

  /** The last line is for machines: counts and nothing else. */
  finish() {
    console.log('');
    for (const name of this.#unsteady) console.log(`unsteady: ${name} passed when it was run again; what failed first stands above`);
    for (const name of this.#failures) console.log(`failed: ${name}`);
    console.log(`${this.passed} passed, ${this.failed} failed${this.skipped ? `, ${this.skipped} skipped` : ''}`);
  }
}

/** @param {number} ms */
export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/**
 * Follows node's test runner through one file. Only leaves count: a test with subtests stands for them. A file that
 * reports itself as its only test held none, or died before it could report any.
 * @param {string} name of the file, for people
 * @param {AsyncIterable<{ type: string, data: any }>} events
 * @param {TestReport} report
 */
export async function follow(name, events, report) {
  let tests = 0, failed = 0, printed = '', depthBefore = 0;
  const start = performance.now();
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') printed += data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const isParent = data.nesting < depthBefore || data.details.type === 'suite';
    depthBefore = data.nesting;
    const error = data.details.error;
    if (error ? error.failureType === 'subtestsFailed' : isParent) continue;
    const isFile = data.name === data.file;
    const title = isFile ? name : `${name} › ${data.name}`;
    tests++;
    if (error || isFile) {
      failed++;
      report.fail(title, error ? `${textOfError(error)}${printed ? `\n--- printed:\n${lastLines(printed, 60)}` : ''}` : 'holds no test');
    } else if (data.skip !== undefined || data.todo !== undefined) report.skip(title, typeof data.skip === 'string' ? data.skip : 'no reason given');
    else report.pass(title, data.details.duration_ms);
    printed = '';
  }
  report.note(`${failed ? 'FAIL ' : 'ok   '} ${name}: ${tests} test${tests === 1 ? '' : 's'} (${seconds(performance.now() - start)})`);
}

/** @param {any} error */
function textOfError(error) {
  const cause = error?.cause ?? error;
  return String(cause?.stack ?? cause?.message ?? cause);
}

/** @param {string} text @param {number} count */
const lastLines = (text, count) => text.trimEnd().split('\n').slice(-count).join('\n');
