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
  return errors.length ? { ok: false, errors, warnings: [] } : { ok: true, value, warnings: [] };
}

function problemOf({ name, shape }: Parameter, tensor: TensorData | undefined, spare: ReadonlySet<string>): string | undefined {
  if (!tensor) {
    const near = suggest(name, spare);
    return `"${name}" is missing${near ? ` (there is a "${near}")` : ''}`;
  }
  if (String(tensor.shape) !== String(shape)) return `"${name}" has shape ${shapeText(tensor.shape)}, not ${shapeText(shape)}`;
  if (!tensor.data.every(Number.isFinite)) return `"${name}" holds values that are not finite`;
  return undefined;
}
