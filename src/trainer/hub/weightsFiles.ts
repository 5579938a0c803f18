import { dictionary, fields, parsed, text } from '../../protocol/shape.ts';
import { preprocessorKey } from '../../backbones/transformersCard.ts';

/** How a repository or folder holds weights: one file, or an index that says which part each tensor is in. */
export const singleFile = 'model.safetensors', indexFile = 'model.safetensors.index.json';

const indexGuard = fields({ weight_map: dictionary(text) });

/** The parts that an index names, when `files` has them all. */
export function partsOf(index: unknown, files: readonly string[]): readonly string[] | undefined {
  const read = parsed(indexGuard, index);
  const parts = read.ok ? [...new Set(Object.values(read.value.weight_map))].sort() : [];
  return parts.length > 0 && parts.every((part) => files.includes(part)) ? parts : undefined;
}

/** What no guard takes when it is not JSON. */
export function jsonOf(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

/** What says which network its weights are of, and, beside transformers' models, how photos come to it. */
export const configFile = 'config.json', preprocessorFile = 'preprocessor_config.json';

/** Both as one value: a card is made of it. */
export function joinedConfig(config: unknown, preprocessor: unknown): unknown {
  return typeof config === 'object' && config !== null && preprocessor !== undefined ? { ...config, [preprocessorKey]: preprocessor } : config;
}
