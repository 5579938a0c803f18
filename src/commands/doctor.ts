import { parseEngineFacts } from '../protocol/guards.ts';
import { formatJson } from '../protocol/jsonText.ts';
import type { Options } from '../terminal/arguments.ts';
import { engineTable } from '../terminal/engineTable.ts';
import { ink, print } from './output.ts';
import { hostOf } from './places.ts';
import { answered, valueOf } from './problems.ts';

export async function doctor(_: readonly string[], options: Options): Promise<number> {
  const answer = valueOf(await hostOf(process.cwd()).ask('doctor', [], { timeoutMs: 120_000 }));
  return print(options.json ? formatJson(answer) : engineTable(answered(parseEngineFacts(answer)), ink));
}
