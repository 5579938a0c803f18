import { fields, matching, optional, oneOf, parsed, text, whole, type Parsed } from '../protocol/shape.ts';
import type { ManifestLine } from './sample.ts';

/** data/manifest.jsonl of a run: every file that was found, with what became of it. Format: docs/formats.md. */

/** One line, with its line break. JSON escapes whatever a file name may hold. */
export const formatManifestLine = (line: ManifestLine): string => `${JSON.stringify(line)}\n`;

const manifestLine = fields<ManifestLine>({
  path: text,
  label: text,
  split: optional(oneOf('train', 'validation', 'test')),
  sha256: optional(matching(/^[0-9a-f]{64}$/)),
  hash: optional(matching(/^[0-9a-f]+$/)),
  sizeBytes: whole,
  duplicateGroup: optional(text),
  problem: optional(text),
});

export function parseManifestLine(line: string): Parsed<ManifestLine> {
  try {
    return parsed(manifestLine, JSON.parse(line));
  } catch (error) {
    return { ok: false, note: (error as Error).message };
  }
}

/** The lines that can be read; a torn last line is legal, and a damaged one costs only itself. */
export function parseManifest(content: string): { readonly lines: readonly ManifestLine[]; readonly unreadable: number } {
  const all = content.split('\n').filter((line) => line.trim() !== '').map(parseManifestLine);
  const lines = all.flatMap((line) => line.ok ? [line.value] : []);
  return { lines, unreadable: all.length - lines.length };
}
