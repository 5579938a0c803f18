import { Bug } from '../base/bug.ts';
import { type Checked, type Diagnostic, Refused } from '../protocol/diagnostic.ts';
import type { Parsed } from '../protocol/shape.ts';

export const refused = (code: Diagnostic['code'], message: string, file: string | undefined, fix: string): Refused =>
  new Refused([{ code, severity: 'error', message, fix, ...(file !== undefined && { where: { file } }) }]);

export function answered<T>(answer: Parsed<T>): T {
  if (!answer.ok) throw new Bug(`the trainer's answer is not understood: ${answer.note}`);
  return answer.value;
}

export function valueOf<T>(checked: Checked<T>): T {
  if (!checked.ok) throw new Refused([...checked.errors, ...checked.warnings]);
  return checked.value;
}
