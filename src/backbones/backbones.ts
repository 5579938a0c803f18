import { suggest } from '../base/suggest.ts';
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import { architectureNames, architectureOf } from './architectures.ts';
import { hubText, parseBackboneName } from './backboneName.ts';
import type { HubName } from './backboneName.ts';
import type { Architecture } from './card.ts';
import { cardNames, cardOf } from './cards.ts';

/**
 * Which backbones there are, as far as the asker can see without a network. Handed in to whatever checks, completes or
 * draws an experiment: what a cache or a folder holds is known only where there is a disk (trainer/hub/knownBackbones.ts).
 */
export interface Backbones {
  /** At hand: for completion and suggestions. */
  names(): readonly string[];
  /**
   * What a name (a folder's absolute) stands for: a card, an architecture whose weights are still to be fetched, or
   * undefined when only the fetched config can tell. Diagnostics have no place: the caller knows where the name stands.
   */
  find(name: string): Checked<Architecture | undefined>;
}

/** What everybody knows: the bundled ones, and the architectures that timm's names begin with. */
export const bundledBackbones: Backbones = {
  names: () => cardNames,
  find: (name) => {
    const parsed = parseBackboneName(name);
    if (!parsed.ok) return parsed;
    const { value } = parsed;
    if (value.kind === 'bundled') return findBundled(name, cardNames);
    return value.kind === 'hub' ? findUnfetched(value) : { ok: true, value: undefined, warnings: [] };
  },
};

/** For plans of past runs, whose backbone may be gone by now: any name will do, and nothing is asked of it. */
export const anyBackbone: Backbones = { names: () => [], find: () => ({ ok: true, value: undefined, warnings: [] }) };

/** `names`: what else may have been meant. */
export function findBundled(name: string, names: readonly string[]): Checked<Architecture> {
  const card = cardOf(name);
  if (card) return { ok: true, value: card, warnings: [] };
  const shown = JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name), near = onHub(name.slice(0, 80)) ?? suggest(name.slice(0, 80), names);
  return refused({ code: 'unknown-backbone', severity: 'error', message: `no backbone ${shown}`, fix: near ? `did you mean "${near}"?` : `known: ${names.slice(0, 8).join(', ')}; from a hub: hf:timm/${architectureNames[0]!}.…`, ...(near && { mend: { title: `Write ${near}`, changes: [{ type: 'set', path: 'backbone', text: near }] } }) });
}

/** `resnet50.a1_in1k`, `timm/resnet50.a1_in1k` → `hf:timm/resnet50.a1_in1k`. */
function onHub(name: string): string | undefined {
  const found = /^(?:timm\/)?(\w+)((?:\.\w+)?)$/.exec(name);
  return found && architectureOf(found[1]!) ? `hf:timm/${found[1]!}${found[2]!}` : undefined;
}

/** A name that nothing was fetched of yet: timm's say which architecture they are of. */
export function findUnfetched(name: HubName): Checked<Architecture | undefined> {
  const written = hubText(name), said: Diagnostic = {
    code: 'backbone-not-fetched', severity: 'information', message: `${written} has not been fetched yet`, fix: `a run fetches it, and so does: thaw models add ${written}`,
  };
  const [owner, title = ''] = name.repo.split('/');
  if (owner !== 'timm') return { ok: true, value: undefined, warnings: [said] };
  const [architecture = ''] = title.split('.'), found = architectureOf(architecture);
  return found ? { ok: true, value: found, warnings: [said] } : refused(unsupported(written, architecture));
}

/** Weights of a kind of network that cannot be built. */
export function unsupported(name: string, architecture: string): Diagnostic {
  const near = suggest(architecture.slice(0, 80), architectureNames);
  return {
    code: 'backbone-unsupported', severity: 'error', message: `${name} is of the architecture ${JSON.stringify(architecture.slice(0, 80))}, which Thaw cannot build yet`,
    fix: `${near ? `did you mean "${near}"? ` : ''}it can build ${buildable()}`,
  };
}

/** For messages: the first of them, by name. */
export function buildable(): string {
  const shown = architectureNames.slice(0, 12);
  return `${shown.join(', ')}${architectureNames.length > shown.length ? ` and ${architectureNames.length - shown.length} more of timm's` : ''}`;
}

const refused = (diagnostic: Diagnostic): Checked<never> => ({ ok: false, errors: [diagnostic], warnings: [] });
