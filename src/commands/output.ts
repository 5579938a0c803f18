import { showsColours } from '../base/environment.ts';
import { type Diagnostic, diagnosticText } from '../protocol/diagnostic.ts';
import type { Options } from '../terminal/arguments.ts';
import type { Screen } from '../terminal/followRun.ts';
import { paint } from '../terminal/paint.ts';
import { exitCodes } from '../trainer/child/exit.ts';

export const ink = paint(showsColours(process.stdout.isTTY));

export const terminal = (options: Options): Screen => ({
  columns: process.stdout.isTTY ? process.stdout.columns : 100,
  live: process.stdout.isTTY && !options.json,
  write: (text) => void process.stdout.write(text),
});

export function print(text: string, code = 0): number {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return code;
}

export function complain(diagnostics: readonly Diagnostic[]): number {
  diagnostics.forEach((diagnostic) => warn(diagnostic));
  return diagnostics.some(({ code }) => code === 'internal-error') ? exitCodes.internal : exitCodes.refused;
}

export function warn(diagnostic: Diagnostic): void {
  const colour = diagnostic.severity === 'error' ? ink.red : ink.yellow;
  process.stderr.write(`${colour(diagnosticText(diagnostic))}\n`);
}

export function wrongUsage(line: string): number {
  process.stderr.write(`${line}\n\nthaw --help says more\n`);
  return exitCodes.usage;
}
