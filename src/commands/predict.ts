import { resolve } from 'node:path';
import { percent } from '../base/units.ts';
import { diagnosticText, visible } from '../protocol/diagnostic.ts';
import { parsePredictions } from '../protocol/guards.ts';
import { formatJson } from '../protocol/jsonText.ts';
import type { Options } from '../terminal/arguments.ts';
import { ink, print, wrongUsage } from './output.ts';
import { runNamed } from './places.ts';
import { answered, valueOf } from './problems.ts';

export async function predict([name, ...files]: readonly string[], options: Options): Promise<number> {
  if (name === undefined || files.length === 0) return wrongUsage('thaw predict <run> <files …>');
  const { host, folder } = runNamed(name, options);
  const answer = valueOf(await host.ask('predict', [folder, ...files.map((file) => resolve(file))], { timeoutMs: 600_000 }));
  if (options.json) return print(formatJson(answer));
  const predicted = answered(parsePredictions(answer));
  for (const [i, item] of predicted.entries()) {
    const shown = visible(files[i] ?? item.file);
    if (item.problem) process.stdout.write(`${shown}\n  ${ink.red(diagnosticText(item.problem))}\n`);
    else if (item.number !== undefined) process.stdout.write(`${shown}\n  ${ink.bold(String(Number(item.number.toPrecision(4))))}\n`);
    else process.stdout.write(`${shown}\n${item.top.slice(0, 3).map(({ label, probability }, rank) => `  ${percent(probability).padStart(7)}  ${rank === 0 ? ink.bold(visible(label)) : visible(label)}`).join('\n')}\n`);
  }
  return predicted.some(({ problem }) => problem) ? 1 : 0;
}
