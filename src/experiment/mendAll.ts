import { diagnosticsOf } from '../protocol/diagnostic.ts';
import { applyEdits } from './edit.ts';
import { editsOf } from './mend.ts';
import { readExperiment } from './parse.ts';
import { resolveRead } from './resolve.ts';
import type { ResolveOptions } from './resolve.ts';

/** More mends than a file can need: each takes a problem away, or is not made again. */
const mostMends = 200;

/**
 * The text with every error and warning mended that has a mend, one after another, since one may show or settle the next.
 * Remarks stay, since a control that was taken out was meant to be; and nothing that somebody wrote is taken out unasked.
 */
export function mendAll(text: string, options: ResolveOptions): string {
  const tried = new Set<string>();
  for (let i = 0; i < mostMends; i++) {
    const read = readExperiment(text, options.file), problems = diagnosticsOf(resolveRead(read, options)).filter(({ severity }) => severity !== 'information');
    const fitting = problems.flatMap(({ mend }) => mend && !tried.has(JSON.stringify(mend)) && mend.changes.every(({ type }) => type !== 'remove') ? [mend] : []);
    const next = fitting.find(({ changes }) => editsOf(read.source, changes).length > 0);
    if (!next) return text;
    tried.add(JSON.stringify(next));
    text = applyEdits(text, editsOf(read.source, next.changes));
  }
  return text;
}
