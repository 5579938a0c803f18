import type { EngineFacts } from './runEvent.ts';

/** Of blocks; a head alone takes hardly longer on WebAssembly (docs/benchmarks.md, "Engines"). */
const timesFaster = 'about 6 ×';

/**
 * What to know before layers are thawed in a run that trains on WebAssembly though a faster engine for blocks is here: it
 * was chosen for less work, and a run keeps its engine. A head alone has WebAssembly on one thread, too. Undefined: nothing is lost, or WebAssembly was asked for.
 */
export function chosenForLess({ name, tried, timed, threads, machine }: EngineFacts): string | undefined {
  if (name !== 'wasm') return undefined;
  const other = tried.find((rung) => rung.ok && rung.name !== name), cores = machine?.cores ?? 1;
  if (!other) return threads === 1 && cores > 1 ? `the run stays on one thread, enough for ${timed ?? 'what it began with'}; a run that begins with these layers trains them on more` : undefined;
  return `the run stays on WebAssembly, the fastest here for ${timed ?? 'what it began with'}; a run that begins with these layers may train them ${timesFaster} faster, on ${other.title ?? other.name}`;
}
