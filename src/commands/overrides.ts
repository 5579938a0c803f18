import { engineNamed, trainingEngines } from '../protocol/runEvent.ts';
import type { Options } from '../terminal/arguments.ts';
import { refused } from './problems.ts';

export function overridesOf(options: Options): Record<string, string> {
  const overrides: Record<string, string> = {};
  for (const setting of options.set ?? []) {
    const at = setting.indexOf('=');
    if (at < 1) throw refused('wrong-type', `--set ${setting} is not path=value`, undefined, 'for example --set stages.0.rate=1e-3');
    overrides[setting.slice(0, at)] = setting.slice(at + 1);
  }
  if (options['no-scratch']) overrides['scratchBudget'] = 'off';
  else if (options['scratch-budget'] !== undefined) overrides['scratchBudget'] = options['scratch-budget'];
  if (options.budget !== undefined) overrides['budget'] = options.budget;
  return overrides;
}

export const engineWish = ({ engine: name }: Options): { engine?: ReturnType<typeof engineOf> } => name === undefined ? {} : { engine: engineOf(name) };

export function engineOf(name: string): NonNullable<ReturnType<typeof engineNamed>> {
  const engine = engineNamed(name);
  if (engine) return engine;
  throw refused('out-of-range', `there is no engine "${name}"`, undefined, `one of: ${trainingEngines.join(', ')}`);
}

export function gigabytesOf(text: string): number {
  const gigabytes = Number(text);
  if (text.trim() !== '' && gigabytes >= 0) return gigabytes;
  throw refused('wrong-type', `--feature-cache-gb ${text} is no number of GB`, undefined, 'for example --feature-cache-gb 20');
}
