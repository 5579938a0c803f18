import { suggest } from '../base/suggest.ts';
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import type { Network } from './op.ts';
import { parametersOf } from './parameters.ts';
import type { Parameter } from './parameters.ts';
import { badWeights } from './safetensors.ts';
import { shapeText } from './shapes.ts';
import type { TensorData, Weights } from './tensorData.ts';

/**
 * Exactly the tensors that `network` wants, each of the right shape and finite, or everything that is wrong with them.
 * What it does not want (step counters, another head) is left out. Names are ours: see weightNames.ts.
 */
export function fitWeights(network: Network, weights: Weights, file: string): Checked<Weights> {
  const errors: Diagnostic[] = [], value = new Map<string, TensorData>(), wanted = parametersOf(network);
  const spare = new Set(weights.keys());
  for (const { name } of wanted) spare.delete(name);
  for (const parameter of wanted) {
    const tensor = weights.get(parameter.name);
    const problem = problemOf(parameter, tensor, spare);
    if (problem !== undefined) errors.push(badWeights(file, problem));
    else value.set(parameter.name, tensor!);
  }
  return errors.length ? { ok: false, errors: brief(errors, file), warnings: [] } : { ok: true, value, warnings: [] };
}

/**
 * The same for a file that may be of another network than its config says: tensors that have no place in `network` are
 * wrong too, as it would compute something else without them. Only PyTorch's step counters are nobody's.
 */
export function fitAllWeights(network: Network, weights: Weights, file: string): Checked<Weights> {
  const fitted = fitWeights(network, weights, file), known = new Set(parametersOf(network).map(({ name }) => name));
  const spare = [...weights.keys()].filter((name) => !known.has(name) && !name.endsWith('.num_batches_tracked'));
  if (spare.length === 0) return fitted;
  const more = badWeights(file, `${spare.length} of its tensors ${spare.length === 1 ? 'has' : 'have'} no place in ${network.name}: ${listed(spare)}`);
  return { ok: false, errors: [...fitted.ok ? [] : fitted.errors, more], warnings: [] };
}

/** The first few say of which kind a file's faults are. */
const shown = 4;

const brief = (errors: readonly Diagnostic[], file: string): readonly Diagnostic[] =>
  errors.length <= shown + 1 ? errors : [...errors.slice(0, shown), badWeights(file, `${errors.length - shown} more of its tensors are missing or wrong`)];

const listed = (names: readonly string[]): string => names.slice(0, shown).map((name) => `"${name}"`).join(', ') + (names.length > shown ? ', …' : '');

function problemOf({ name, shape }: Parameter, tensor: TensorData | undefined, spare: ReadonlySet<string>): string | undefined {
  if (!tensor) {
    const near = suggest(name, spare);
    return `"${name}" is missing${near ? ` (there is a "${near}")` : ''}`;
  }
  if (String(tensor.shape) !== String(shape)) return `"${name}" has shape ${shapeText(tensor.shape)}, not ${shapeText(shape)}`;
  if (!tensor.data.every(Number.isFinite)) return `"${name}" holds values that are not finite`;
  return undefined;
}
