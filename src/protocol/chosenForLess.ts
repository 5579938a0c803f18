import type { EngineFacts } from './runEvent.ts';

/** Of blocks; a head alone takes hardly longer on WebAssembly (docs/benchmarks.md, "Engines"). */
const timesFaster = 'about 8 ×';

/**
 * What to know before layers are thawed in a run that trains on WebAssembly though a faster engine for blocks is here: it
 * was chosen for less work, and a run keeps its engine. Undefined: nothing is lost, or WebAssembly was asked for.
 */
export function chosenForLess({ name, tried, timed }: EngineFacts): string | undefined {
  const other = tried.find((rung) => rung.ok && rung.name !== name);
  if (name !== 'wasm' || !other) return undefined;
  return `the run stays on WebAssembly, the fastest here for ${timed ?? 'what it began with'}; a run that begins with these layers may train them ${timesFaster} faster, on ${other.title ?? other.name}`;
}
