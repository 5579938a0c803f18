import type { Diagnostic, DiagnosticCode } from '../protocol/diagnostic.ts';
import type { ExitFacts } from '../protocol/runManifest.ts';
import type { Outcome } from '../protocol/runEvent.ts';
import { bytes } from '../base/units.ts';
import { formatJson } from '../protocol/jsonText.ts';
import { parseDiagnostic } from '../protocol/guards.ts';
import { visible } from '../protocol/diagnostic.ts';

/** What is known of a trainer that died without a last line in its journal. */
export interface Death {
  /** Absent when nobody was there to see it: the machine went down, or the keeper died too. */
  readonly exit?: ExitFacts;
  /** The end of stderr.log. */
  readonly stderrTail: string;
  /** A stop had been ordered. */
  readonly askedToStop: boolean;
  /** Photos per step of its plan, where that is known. */
  readonly batch?: number;
  /** There is so little room that its last words may not have fitted. */
  readonly diskIsFull?: boolean;
}

/**
 * Why a trainer is dead. `killed`: it was asked to stop, did not, and was ended by force; `crashed`: everything else.
 * The text is built here, from facts, and nowhere else.
 */
export function decodeDeath(death: Death): { readonly outcome: Outcome; readonly diagnostic: Diagnostic } {
  const { exit, stderrTail, askedToStop, batch, diskIsFull = false } = death;
  if (askedToStop && (exit?.signal === 'SIGKILL' || exit?.signal === 'SIGTERM')) {
    return { outcome: 'killed', diagnostic: error('run-killed', 'the trainer did not stop when asked, and was ended by force', 'its last checkpoint is kept') };
  }
  return { outcome: 'crashed', diagnostic: lastWords(stderrTail) ?? fromText(stderrTail, exit, batch) ?? (diskIsFull && exit?.signal === undefined ? wordless : fromExit(exit, stderrTail, batch)) };
}

/** The line a trainer leaves on stderr when its journal cannot take its diagnostic any more (trainer/child/exit.ts). */
export const formatLastWords = (diagnostic: Diagnostic): string => `${lastWordsMark}${formatJson(diagnostic)}\n`;

const lastWordsMark = 'thaw-diagnostic ';

function lastWords(stderrTail: string): Diagnostic | undefined {
  const line = stderrTail.split('\n').findLast((each) => each.startsWith(lastWordsMark));
  if (line === undefined) return undefined;
  try {
    const diagnostic = parseDiagnostic(JSON.parse(line.slice(lastWordsMark.length)));
    return diagnostic.ok ? diagnostic.value : undefined;
  } catch {
    return undefined; // cut short
  }
}

/** What to do when memory ran out; names the number where there is one to lower. */
export function lessMemory(batch?: number): string {
  const lower = batch === undefined ? 'lower `batch`, train' : batch === 1 ? 'train' : `lower \`batch\` from ${batch} to ${batch >> 1}, train`;
  return `${lower} fewer layers, or close other programs; \`thaw cost\` shows what each cut needs`;
}

/** What V8, the C++ library, the loader and the system write when they give up. First match wins. */
const giveaways: readonly { readonly pattern: RegExp; readonly code: DiagnosticCode; readonly seen: string; readonly fix: string }[] = [
  {
    pattern: /heap out of memory|std::bad_alloc|Array buffer allocation failed|cannot allocate memory|OOM when allocating|\bENOMEM\b/i,
    code: 'out-of-memory', seen: 'the trainer ran out of memory', fix: lessMemory(),
  },
  {
    pattern: /\bENOSPC\b|no space left on device/i,
    code: 'disk-full', seen: 'the disk is full', fix: 'free some room, or delete runs you no longer need; the last checkpoint is kept',
  },
  {
    pattern: /cannot open shared object|ERR_DLOPEN_FAILED|ERR_MODULE_NOT_FOUND|Cannot find (module|package)|Library not loaded/i,
    code: 'engine-missing', seen: 'a part of the engine could not be loaded', fix: 'run `thaw doctor`, or use --engine wasm',
  },
];

function fromText(stderrTail: string, exit: ExitFacts | undefined, batch: number | undefined): Diagnostic | undefined {
  const found = giveaways.find(({ pattern }) => pattern.test(stderrTail));
  return found && error(found.code, `${found.seen}${peak(exit)}${said(stderrTail, found.pattern)}`, found.code === 'out-of-memory' ? lessMemory(batch) : found.fix);
}

const nativeSignals = ['SIGSEGV', 'SIGILL', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGTRAP'];
/** NTSTATUS values, which Windows gives as exit codes. */
const nativeCodes: ReadonlyMap<number, string> = new Map([
  [0xc0000005, 'access violation'], [0xc000001d, 'illegal instruction'], [0xc0000409, 'stack buffer overrun'],
  [0xc00000fd, 'stack overflow'], [0xc0000374, 'heap corruption'],
]);

function fromExit(exit: ExitFacts | undefined, stderrTail: string, batch: number | undefined): Diagnostic {
  if (!exit) return error('run-crashed', `the trainer is gone, and nobody saw how: the machine may have gone down${said(stderrTail)}`, 'its last checkpoint is kept; run it again');
  const { signal, code } = exit;
  const native = signal !== undefined && nativeSignals.includes(signal) ? signal : nativeCodes.get(code ?? 0);
  if (native !== undefined) {
    const fix = signal === 'SIGILL' || code === 0xc000001d ? 'this processor may lack what the engine needs: use --engine wasm' : 'run `thaw doctor`; --engine wasm has no native code';
    return error('native-crash', `native code of the engine crashed (${native})${peak(exit)}${said(stderrTail)}`, fix);
  }
  if (signal !== undefined && exit.oomKilled) {
    return error('out-of-memory', `the system ended the trainer (${signal}) because memory ran out${peak(exit)}`, lessMemory(batch));
  }
  if (signal !== undefined) {
    return error('run-killed', `something else ended the trainer (${signal})${peak(exit)}`, 'its last checkpoint is kept; run it again');
  }
  return error('internal-error', `the trainer ended with code ${code ?? '?'} without saying why${said(stderrTail)}`, 'please report it, with stderr.log of the run');
}

const error = (code: DiagnosticCode, message: string, fix: string): Diagnostic => ({ code, severity: 'error', message, fix });

const wordless = error('disk-full', 'the disk is full: the trainer is gone and could not even write why', 'free some room, or delete runs you no longer need; the last checkpoint is kept');

const peak = (exit: ExitFacts | undefined): string =>
  exit?.peakBytes === undefined ? '' : `; it had used up to ${bytes(exit.peakBytes)}`;

/** The telling line of stderr: the last that matches, or else the last that says anything. */
function said(stderrTail: string, pattern = /\S/): string {
  const line = stderrTail.split('\n').findLast((each) => pattern.test(each));
  return line === undefined ? '' : `: ${visible(line.trim().slice(0, 200))}`;
}
