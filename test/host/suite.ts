/**
 * The test registry inside VS Code's extension host, where node's own runner cannot report. One line of JSON per test
 * goes to the file that THAW_HOST_RESULTS names; host.test.ts and `npm run test:desktop` read it.
 */
import { appendFileSync } from 'node:fs';
import process from 'node:process';

interface HostTest {
  readonly title: string;
  readonly body: () => Promise<void> | void;
  readonly limitMs: number;
}

const tests: HostTest[] = [];

/** Declares a test. They run one after another, file by file in order of name, in one window. */
export function hostTest(title: string, body: () => Promise<void> | void, { limitMs = 60_000 } = {}): void {
  tests.push({ title, body, limitMs });
}

/** Thrown by a test that lacks its device. */
class Skipped extends Error {}

export function skip(why: string): never {
  throw new Skipped(why);
}

/** Waits until `look` gives something other than undefined or false; fails naming what it waited for. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false, limitMs = 30_000): Promise<T> {
  for (const start = performance.now(); performance.now() - start < limitMs; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error(`waited ${limitMs / 1000} s for ${what}`);
}

/** The entry that VS Code calls. */
export async function run(): Promise<void> {
  const file = process.env['THAW_HOST_RESULTS'];
  if (file === undefined) throw new Error('THAW_HOST_RESULTS does not say where the results go');
  const report = (line: object): void => appendFileSync(file, `${JSON.stringify(line)}\n`);
  for (const { title, body, limitMs } of tests) {
    const start = performance.now();
    const outcome = await within(limitMs, body).then(() => ({}), (error: unknown) =>
      error instanceof Skipped ? { skipped: error.message } : { error: error instanceof Error ? error.stack ?? error.message : String(error) });
    report({ title, ms: Math.round(performance.now() - start), ...outcome });
  }
  report({ finished: true });
}

async function within(limitMs: number, body: HostTest['body']): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${limitMs / 1000} s`)), limitMs);
  });
  try {
    await Promise.race([Promise.resolve().then(body), late]);
  } finally {
    clearTimeout(timer);
  }
}
