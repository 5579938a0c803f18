import { relative, resolve } from 'node:path';
import { percent } from '../base/units.ts';
import { diagnosticText, visible } from '../protocol/diagnostic.ts';
import { explainNote, sanityText } from '../protocol/explainWords.ts';
import { parseExplanations } from '../protocol/guards.ts';
import { formatJson } from '../protocol/jsonText.ts';
import type { Options } from '../terminal/arguments.ts';
import { ink, print, wrongUsage } from './output.ts';
import { runNamed } from './places.ts';
import { answered, valueOf } from './problems.ts';

/** Where in each image the network sees what it says: overlays in the run's folder. */
export async function explain([name, ...images]: readonly string[], options: Options): Promise<number> {
  if (name === undefined || images.length === 0) return wrongUsage('thaw explain <run> <images …>');
  const { host, folder } = runNamed(name, options);
  const answer = valueOf(await host.ask('explain', [folder, ...images.map((file) => resolve(file))], { timeoutMs: 600_000, onProgress: () => undefined }));
  if (options.json) return print(formatJson(answer));
  const explained = answered(parseExplanations(answer));
  for (const [i, { file, label = '', probability = 0, overlay = '', problem, ...of }] of explained.entries()) {
    process.stdout.write(`${visible(images[i] ?? file)}\n  ${problem ? ink.red(diagnosticText(problem)) : `${percent(probability)}  ${ink.bold(visible(label))}  ${visible(relative(process.cwd(), overlay))}  ${ink.dim(sanityText(of))}`}\n`);
  }
  if (explained.some(({ problem }) => !problem)) process.stdout.write(`\n${ink.dim(explainNote)}\n`);
  return explained.some(({ problem }) => problem) ? 1 : 0;
}
