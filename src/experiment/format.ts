import { Bug } from '../base/bug.ts';
import { allowedText, alternatives, experimentField, fieldAt } from './schema.ts';
import type { Field, MapField, Value, ValueMap } from './schema.ts';
import type { Origins, Plan } from './plan.ts';

/**
 * plan.resolved.yaml: every value of a run, each with where it came from. It is an experiment file itself and resolves
 * to the same plan, so a run can be repeated from its folder alone.
 */
export function formatResolved(plan: Plan, origins: Origins): string {
  const lines = ['# Every value of this run, and where it came from. This file is an experiment too: running it repeats the run.'];
  const write = (field: Field, value: Value, path: string, indent: string, lead: string): void => {
    const below = (key: string): string => path === '' ? key : `${path}.${key}`;
    if (field.kind === 'map') {
      if (path !== '' && lead.endsWith(':')) { lines.push(lead); lead = ''; }
      const inner = path === '' ? '' : `${indent}  `;
      usedKeys(field, value as ValueMap, path).forEach(([key, child], i) => {
        const dash = i === 0 && lead !== ''; // "- " of a list item stands before its first key
        write(child, (value as ValueMap)[key]!, below(key), inner, `${dash ? lead : inner}${key}:`);
      });
    } else if (field.kind === 'list' && field.of.kind === 'map') {
      lines.push(lead);
      (value as readonly Value[]).forEach((item, i) => write(field.of, item, below(String(i)), `${indent}  `, `${indent}  - `));
    } else {
      lines.push(`${lead} ${formatValue(field, value)}  # ${origins[path] ?? 'default'}`);
    }
  };
  write(experimentField, plan as unknown as ValueMap, '', '', '');
  return `${lines.join('\n')}\n`;
}

/**
 * The keys of a map in a plan that a file of it has: with `steps`, epochs say nothing, and both in one stage are a mistake;
 * of keys that stand for each other, the one that was written.
 */
export function usedKeys(field: MapField, value: ValueMap, path: string): readonly (readonly [key: string, field: Field])[] {
  const instead = alternatives[path]?.findLast((key) => value[key] !== undefined);
  const isUsed = (key: string): boolean => (key !== 'epochs' || typeof value['steps'] !== 'number') && (instead === key || !alternatives[path]?.includes(key));
  return Object.entries(field.keys).filter(([key]) => isUsed(key));
}

/** A value as it stands in a file. */
export function formatValue(field: Field, value: Value): string {
  if (Array.isArray(value)) {
    const of = field.kind === 'list' ? field.of : field;
    return `[${value.map((item: Value) => formatValue(of, item)).join(', ')}]`;
  }
  if (field.kind === 'variants') return flowMap(value as ValueMap, (path, values) => flowMap(values as ValueMap, (_, each) => formatValue(fieldAt(path)!, each)));
  if (field.kind === 'duration' && typeof value === 'number') return `${value} min`;
  if (typeof value === 'string') return yamlText(value);
  if (typeof value === 'number') return String(value);
  throw new Bug('a map is written key by key');
}

const flowMap = (map: ValueMap, format: (key: string, value: Value) => string): string => {
  const entries = Object.entries(map);
  return entries.length === 0 ? '{}' : `{ ${entries.map(([key, value]) => `${yamlText(key)}: ${format(key, value)}`).join(', ')} }`;
};

/** A scalar that reads back as this very text: plain where that is safe, else in double quotes. */
export function yamlText(text: string): string {
  const plain = /^(?:\.{0,2}\/)?[A-Za-z_][\w./@*+-]*(?: [\w./@*+()-]+)*$/.test(text) && !/^(?:true|false|null)$/i.test(text);
  // JSON's escapes are YAML's; JSON leaves some unprintable characters as they are, YAML readers may not.
  return plain ? text : JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** "a whole number, 1 to 4096; default 32". */
export function detailOf(field: Field): string {
  const hasDefault = field.kind !== 'map' && field.default !== undefined && field.kind !== 'variants' && !(field.kind === 'list' && field.of.kind === 'map');
  return `${allowedText(field)}${hasDefault ? `; default ${formatValue(field, field.default)}` : ''}`;
}
