import type { Network } from '../../../backbones/op.ts';
import type { ParameterGroup } from '../../../engine/optimizer.ts';
import type { StagePlan } from '../../../experiment/plan.ts';
import { headDistances, isWithin } from '../../../backbones/blocks.ts';
import { decays, parametersOf } from '../../../backbones/parameters.ts';

/**
 * Parameter groups of a stage: those of one distance from the head, and of one decay, together. Layer-wise rate decay
 * (LLRD; Howard & Ruder 2018, as timm's `layer_decay`): rate × decay^(blocks between it and the head). What never
 * decays: see `decays`; and what L2-SP holds to its start is not drawn to 0 as well.
 */
export function groupsOf(network: Network, trainable: ReadonlySet<string>, { layerDecay, weightDecay, regularize: { l2sp } }: Pick<StagePlan, 'layerDecay' | 'weightDecay' | 'regularize'>): readonly ParameterGroup[] {
  const distances = headDistances(network);
  const groups = new Map<string, ParameterGroup & { names: string[] }>();
  for (const parameter of parametersOf(network)) {
    const { name } = parameter;
    if (!trainable.has(name)) continue;
    const distance = distances.get(name)!, shrinks = decays(parameter) && (l2sp === 0 || isWithin(name, 'head')), key = `${distance} ${shrinks}`;
    const group = groups.get(key) ?? { names: [], rateFactor: layerDecay ** distance, weightDecay: shrinks ? weightDecay : 0 };
    group.names.push(name);
    groups.set(key, group);
  }
  return [...groups.values()];
}
