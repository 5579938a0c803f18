import { resolve } from 'node:path';
import { diagnosticsOf, visible } from '../protocol/diagnostic.ts';
import { parseDiagnostics } from '../protocol/guards.ts';
import { formatJson } from '../protocol/jsonText.ts';
import type { Options } from '../terminal/arguments.ts';
import { experimentAt } from './experimentAt.ts';
import { ink, print, warn, wrongUsage } from './output.ts';
import { hostOf } from './places.ts';
import { answered, valueOf } from './problems.ts';

export async function check([file]: readonly string[], options: Options): Promise<number> {
  if (file === undefined) return wrongUsage('thaw check <file.thaw.yaml>');
  const checked = await experimentAt(resolve(file), options);
  const seen = options.data && checked.ok ? answered(parseDiagnostics(valueOf(await hostOf(process.cwd()).ask('preflight', [checked.value.plan.data.manifest ?? checked.value.plan.data.folder, checked.value.plan.backbone], { timeoutMs: 600_000 })))) : [];
  const found = [...diagnosticsOf(checked), ...seen];
  if (options.json) return print(formatJson({ ok: checked.ok, diagnostics: found }), checked.ok ? 0 : 1);
  found.forEach((diagnostic) => warn(diagnostic));
  const warnings = found.filter(({ severity }) => severity === 'warning').length, said = warnings === 0 ? 'no problems' : `no errors, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  return checked.ok ? print(ink.green(`${visible(file)}: ${said}`)) : 1;
}
