import type { TextRange } from '../protocol/diagnostic.ts';
import type { Written } from './parse.ts';

/** Of the value at a path, or of the nearest key above it that stands in the file. */
export function rangeAt({ places }: Written, path: string): TextRange | undefined {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const place = places.get(at);
    if (place) return place.value;
  }
  return undefined;
}
