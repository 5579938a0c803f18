/**
 * What the user can mend is a value (a Diagnostic); what we broke is an exception (base/bug.ts).
 * Codes are stable: docs and tests refer to them. Wording may change.
 */
export interface TextPosition {
  /** 0-based. */
  readonly line: number;
  /** 0-based, UTF-16 units, as in VS Code. */
  readonly character: number;
}

export interface TextRange {
  readonly start: TextPosition;
  readonly end: TextPosition;
}

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: 'error' | 'warning' | 'information';
  /** What we saw: `no block "blocks.9" in efficientnet_lite0`. Hostile names appear raw here: whoever shows it, escapes it. */
  readonly message: string;
  /** What to do next: `did you mean "blocks.6"?` */
  readonly fix?: string;
  readonly where?: { readonly file: string; readonly range?: TextRange };
  /** The same as data, where a change of the experiment file does it: the editor's quick fix. */
  readonly mend?: Mend;
}

/** Changes of an experiment file that belong together; experiment/mend.ts makes text edits of them. */
export interface Mend {
  /** `Write "epochs"`: what a menu says. */
  readonly title: string;
  readonly changes: readonly FileChange[];
}

/** Texts are as they are to stand in the file. */
export type FileChange =
  | { readonly type: 'replace'; readonly range: TextRange; readonly text: string }
  /** The value of a key by its dotted path (`stages.0.rate`); what is missing on the way there is added. */
  | { readonly type: 'set'; readonly path: string; readonly text: string }
  /** One more word in a list. */
  | { readonly type: 'add'; readonly path: string; readonly text: string }
  /** The key that starts where `range` does, with its value, to another path. */
  | { readonly type: 'move'; readonly range: TextRange; readonly path: string }
  /** The map at a path becomes a list that has it as its one item. */
  | { readonly type: 'itemize'; readonly path: string }
  /** The key, or the item of a list, that starts where `range` does, with all below it but its comments. */
  | { readonly type: 'remove'; readonly range: TextRange };

export const diagnosticCodes = [
  // experiment file
  'yaml-syntax', 'wrong-type', 'unknown-key', 'missing-key', 'out-of-range', 'unknown-backbone',
  'pattern-matches-nothing', 'nothing-trains', 'unsupported-version', 'no-experiment-file', 'duplicate-key', 'head-frozen', 'control-off', 'contradiction',
  // experiment file: sound, but probably not meant (experiment/lint.ts)
  'no-effect', 'small-batch-statistics', 'backbone-rate', 'long-warmup', 'stage-repeats', 'pattern-shadowed', 'small-split', 'patience-unused', 'batch-too-large', 'same-name', 'fixed-variant', 'input-size',
  // dataset folder
  'no-folder', 'not-a-folder', 'empty-folder', 'no-class-folders', 'one-class', 'all-files-bad', 'class-too-small', 'empty-class', 'class-not-in-training',
  'nested-folder', 'no-class', 'stray-file', 'hidden-file', 'symlink-loop', 'broken-link', 'split-too-small',
  // manifest of data
  'no-manifest', 'manifest-column', 'manifest-row',
  // single data file
  'empty-file', 'truncated', 'not-an-image', 'corrupt', 'unsupported-extension', 'unsupported-format',
  'extension-mismatch', 'permission-denied', 'unreadable-file', 'too-large', 'too-small', 'extreme-aspect', 'blank',
  'duplicate', 'duplicate-conflict', 'near-duplicate', 'near-duplicate-conflict', 'leak', 'converted',
  // before a run: photos and backbone, photos and labels, photos to judge by
  'preprocessing-mismatch', 'channel-order', 'far-from-source', 'suspicious-label', 'few-held-out',
  // weights from elsewhere
  'backbone-unsupported', 'backbone-not-fetched', 'backbone-aged', 'hub-not-found', 'hub-gated', 'hub-busy', 'hub-unreachable', 'hub-failed', 'bad-download',
  // weights, engine, machine
  'bad-weights', 'weights-missing', 'node-missing', 'engine-missing', 'engine-failed', 'engine-fallback', 'out-of-memory', 'batch-split', 'recomputed', 'budget-spent', 'no-source-head', 'cannot-explain', 'weights-averaged', 'disk-full', 'unwritable', 'non-finite-loss',
  // training that comes to nothing
  'not-learning', 'one-class-predictions', 'frozen-ceiling', 'dead-units',
  // controls
  'control-rate', 'control-epoch', 'control-continued', 'source-classes', 'data-changed', 'control-refused',
  // runs
  'newer-format', 'no-run', 'run-continued', 'resume-refused', 'too-late', 'run-unreadable', 'run-crashed', 'run-killed', 'trainer-busy', 'cache-corrupt', 'cache-full', 'native-crash', 'internal-error',
] as const;

export type DiagnosticCode = (typeof diagnosticCodes)[number];

export type Checked<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Diagnostic[] }
  | { readonly ok: false; readonly errors: readonly Diagnostic[]; readonly warnings: readonly Diagnostic[] };

export const diagnosticsOf = (checked: Checked<unknown>): readonly Diagnostic[] => checked.ok ? checked.warnings : [...checked.errors, ...checked.warnings];

/** Carries diagnostics up through code that cannot return them; caught at the roots, shown as text, never as a stack. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => d.message).join('; '));
    this.diagnostics = diagnostics;
  }
}

/** One diagnostic as a terminal prints it: `flowers.thaw.yaml:7:5 error unknown-key: … (did you mean "rate"?)`. */
export function diagnosticText(diagnostic: Diagnostic): string {
  const { where, severity, code, message, fix } = diagnostic;
  const start = where?.range?.start;
  const place = where ? `${visible(where.file)}${start ? `:${start.line + 1}:${start.character + 1}` : ''} ` : '';
  return `${place}${severity} ${code}: ${visible(message)}${fix ? ` (${visible(fix)})` : ''}`;
}

/** Control and bidirectional characters made visible, so that a hostile file name cannot forge a line or turn text around. */
export const visible = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => c === '\n' ? '\\n' : c === '\t' ? '\\t' : c === '\r' ? '\\r' : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
