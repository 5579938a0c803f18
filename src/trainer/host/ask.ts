import { spawn } from 'node:child_process';
import type { Checked, Diagnostic } from '../../protocol/diagnostic.ts';
import type { NodeChoice } from './findNode.ts';
import { cappedLog } from './cappedLog.ts';
import { decodeDeath } from '../../runs/exits.ts';
import { environmentWith } from '../../base/environment.ts';
import { nowAt } from '../../base/clock.ts';
import { parseChecked } from '../../protocol/guards.ts';

export interface AskOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** For commands that say how far they are, each time in one line of JSON. On abort these first get time to clear up. */
  readonly onProgress?: (value: unknown) => void;
}

const answerBytes = 16 << 20;
/** What a command that clears up may take for it: it may have gigabytes to delete. */
const clearingMs = 20_000;

/**
 * Runs `<trainer script> <command> <arguments…>` to its end and returns the answer: the last line of its stdout, JSON
 * of a Checked value (the caller guards the value). A child that dies instead, or does not answer in time, becomes a
 * diagnostic. On abort the child is killed and the promise rejects with the signal's reason.
 */
export async function ask(node: NodeChoice, script: string, command: string, args: readonly string[], options: AskOptions = {}): Promise<Checked<unknown>> {
  const { timeoutMs = 60_000, signal, onProgress } = options;
  signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(timeoutMs);
  const child = spawn(node.command, [script, command, ...args], {
    env: environmentWith(node.environment), stdio: [onProgress ? 'pipe' : 'ignore', 'pipe', 'pipe'], windowsHide: true,
    killSignal: 'SIGKILL', signal: signal && !onProgress ? AbortSignal.any([signal, timeout]) : timeout,
  });
  if (onProgress) signal?.addEventListener('abort', () => {
    child.stdin?.end();
    setTimeout(() => child.kill('SIGKILL'), clearingMs).unref();
  }, { once: true });
  let stdout = '', stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < answerBytes) stdout += text;
    if (onProgress) stdout = lastLines(stdout, onProgress);
  });
  const log = cappedLog((data) => { stderr += Buffer.from(data).toString(); }, 4096, 4096);
  child.stderr!.on('data', (data: Buffer) => log.add(data));
  const exit = await new Promise<{ code: number | null; by: string | null; error?: Error }>((resolve) => {
    child.on('error', (error) => { if (child.pid === undefined) resolve({ code: null, by: null, error }); });
    child.on('close', (code, by) => resolve({ code, by }));
  });
  signal?.throwIfAborted();
  if (timeout.aborted) return refused({ code: 'engine-failed', severity: 'error', message: `\`${command}\` did not answer within ${timeoutMs / 1000} s`, fix: 'try again; `thaw doctor` shows what is slow' });
  if (exit.error) return refused({ code: 'node-missing', severity: 'error', message: `${node.command} cannot be started: ${exit.error.message}`, fix: 'set thaw.node.path to a Node 20 or later' });
  log.end();
  const answer = answerIn(stdout);
  if (answer) return answer;
  return refused(decodeDeath({
    exit: { at: nowAt(), oomKilled: false, ...(exit.code !== null && { code: exit.code }), ...(exit.by !== null && { signal: exit.by }) },
    stderrTail: stderr, askedToStop: false,
  }).diagnostic);
}

const refused = (diagnostic: Diagnostic): Checked<never> => ({ ok: false, errors: [diagnostic], warnings: [] });

/** Hands over every line that another one follows; returns the rest, which may be the answer. */
function lastLines(stdout: string, onProgress: (value: unknown) => void): string {
  const lines = stdout.split(/(?<=\n)/), rest = lines.length > 1 && !lines.at(-1)!.endsWith('\n') ? lines.splice(-2) : lines.splice(-1);
  for (const line of lines) onProgress(jsonOf(line));
  return rest.join('');
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function answerIn(stdout: string): Checked<unknown> | undefined {
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  const answer = parseChecked(jsonOf(line));
  return answer.ok ? answer.value : undefined;
}
