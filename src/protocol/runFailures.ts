import type { Diagnostic, DiagnosticCode } from './diagnostic.ts';
import type { RunState } from './reduceRun.ts';

const codes: readonly DiagnosticCode[] = ['not-learning', 'one-class-predictions', 'frozen-ceiling', 'dead-units'];

/** What a run was told while it trains: that it may come to nothing. Once it is tested, its verdict and advice know more. */
export const runFailures = ({ tested, endedAt, warnings }: RunState): readonly Diagnostic[] =>
  tested || endedAt !== undefined ? [] : warnings.filter(({ code }) => codes.includes(code));
