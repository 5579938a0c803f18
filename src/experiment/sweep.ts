import type { Plan } from './plan.ts';
import { formatValue } from './format.ts';
import { fieldAt } from './schema.ts';
import type { Value } from './schema.ts';

/** One of the runs that a file makes: its name among them, and the values that make it so, as they would be written, by path. */
export interface Member {
  readonly name: string;
  readonly varied: Readonly<Record<string, string>>;
  /** Place among them of the one that this repeats with another seed. */
  readonly repeats?: number;
}

/** The combinations of `variants`, each as often as `seeds` says; none when the file makes one run. */
export function sweepOf({ variants, seeds, seed }: Pick<Plan, 'variants' | 'seeds' | 'seed'>): readonly Member[] {
  let members: readonly Member[] = [{ name: '', varied: {} }];
  for (const [path, values] of Object.entries(variants)) {
    members = members.flatMap(({ name, varied }) => Object.entries(values).map(([of, value]) =>
      ({ name: joined(name, of), varied: { ...varied, [path]: formatValue(fieldAt(path)!, value as Value) } })));
  }
  if (seeds > 1) {
    members = members.flatMap(({ name, varied }, variant) => Array.from({ length: seeds }, (_, i) => {
      const own = Number(varied['seed'] ?? seed) + i;
      return { name: joined(name, `seed ${own}`), varied: { ...varied, seed: String(own) }, ...(i > 0 && { repeats: variant * seeds }) };
    }));
  }
  if (members.length < 2 && Object.keys(variants).length === 0) return [];
  return members.map(({ varied, ...member }) => ({ ...member, varied: { ...varied, variants: '{}', seeds: '1' } }));
}

/** How many they are, without making them. */
export const memberCount = ({ variants, seeds }: Pick<Plan, 'variants' | 'seeds'>): number =>
  Object.values(variants).reduce((product, values) => product * Object.keys(values).length, seeds);

const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' · ');
