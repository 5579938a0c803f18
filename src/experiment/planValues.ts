import type { PlanDifference, PlanValue } from '../protocol/previewMessages.ts';
import { formatValue, usedKeys } from './format.ts';
import type { Origins, Plan } from './plan.ts';
import { experimentField } from './schema.ts';
import type { Field, Value, ValueMap } from './schema.ts';

/** Every value of a plan, in the schema's order, and where it came from. */
export function planValues(plan: Plan, origins: Origins): readonly PlanValue[] {
  const below = (path: string, key: string): string => path === '' ? key : `${path}.${key}`;
  const walk = (field: Field, value: Value, path: string): PlanValue[] => {
    if (field.kind === 'map') return usedKeys(field, value as ValueMap, path).flatMap(([key, child]) => walk(child, (value as ValueMap)[key]!, below(path, key)));
    if (field.kind === 'list' && field.of.kind === 'map') return (value as readonly Value[]).flatMap((item, i) => walk(field.of, item, below(path, String(i))));
    return [{ path, text: formatValue(field, value), origin: origins[path] ?? 'default' }];
  };
  return walk(experimentField, plan as unknown as ValueMap, '');
}

/** Values that differ, in the schema's order. */
export function planDifferences(left: readonly PlanValue[], right: readonly PlanValue[]): readonly PlanDifference[] {
  const texts = (values: readonly PlanValue[]): ReadonlyMap<string, string> => new Map(values.map(({ path, text }) => [path, text]));
  const [one, other] = [texts(left), texts(right)];
  return [...new Set([...one.keys(), ...other.keys()])].map((path) => ({ path, left: one.get(path), right: other.get(path) })).filter((each) => each.left !== each.right);
}
