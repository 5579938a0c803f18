import { type Diagnostic, type DiagnosticCode, Refused } from '../../protocol/diagnostic.ts';
import { lessMemory } from '../../runs/exits.ts';
import { codeOf } from '../../runs/systemError.ts';

/** Exit codes of the trainer and the command line. What is to be said of an end is in the journal; these are for shells. */
export const exitCodes = {
  /** It ended as it was meant to: finished or stopped. */
  ended: 0,
  /** Something that the user can mend: the diagnostic says what. */
  refused: 1,
  usage: 2,
  /** A promise we broke ourselves (EX_SOFTWARE of sysexits.h). */
  internal: 70,
  /** 128 + SIGINT. */
  stopped: 130,
  /** 128 + SIGPIPE: who read the output has gone. */
  unread: 141,
} as const;

export const exitCodeOf = (diagnostic: Diagnostic): number =>
  diagnostic.code === 'internal-error' ? exitCodes.internal : exitCodes.refused;

/** Why the trainer failed, whatever was thrown. `batch`: of the plan that ran. */
export function diagnosticOf(error: unknown, batch?: number): Diagnostic {
  if (error instanceof Refused && error.diagnostics[0]) return error.diagnostics[0];
  const message = error instanceof Error ? error.message : String(error);
  const cause = causes.find(({ matches }) => matches(codeOf(error), message));
  if (!cause) return { code: 'internal-error', severity: 'error', message, fix: 'please report it, with stderr.log of the run' };
  return { code: cause.code, severity: 'error', message: `${cause.seen}: ${message}`, fix: cause.code === 'out-of-memory' ? lessMemory(batch) : cause.fix };
}

interface Cause {
  readonly code: DiagnosticCode;
  readonly seen: string;
  readonly fix: string;
  readonly matches: (systemCode: string | undefined, message: string) => boolean;
}

const causes: readonly Cause[] = [
  {
    code: 'disk-full', seen: 'the disk is full', fix: 'free some room, or delete runs you no longer need; the last checkpoint is kept',
    matches: (systemCode) => systemCode === 'ENOSPC' || systemCode === 'EDQUOT',
  },
  {
    code: 'unwritable', seen: 'a file of the run cannot be written', fix: 'check the permissions of the run folder',
    matches: (systemCode) => systemCode === 'EACCES' || systemCode === 'EPERM' || systemCode === 'EROFS',
  },
  {
    code: 'out-of-memory', seen: 'memory ran out', fix: lessMemory(),
    // The last two: how a WebAssembly module ends that goes on after it was refused memory.
    matches: (systemCode, message) => systemCode === 'ENOMEM' || /allocation failed|OOM when allocating|bad_alloc|table index is out of bounds|memory access out of bounds/i.test(message),
  },
  {
    code: 'engine-missing', seen: 'a part of the engine could not be loaded', fix: 'run `thaw doctor`, or use --engine wasm',
    matches: (systemCode) => systemCode === 'ERR_MODULE_NOT_FOUND' || systemCode === 'MODULE_NOT_FOUND' || systemCode === 'ERR_DLOPEN_FAILED',
  },
];
