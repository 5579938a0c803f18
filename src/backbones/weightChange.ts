import { freezeTree, headPath, type FreezeRow } from './freezeTree.ts';
import type { Network } from './op.ts';
import type { Weights } from './tensorData.ts';

/**
 * How far each row of the layer tree but the head's has moved: ‖after − before‖ / ‖before‖ (Euclidean, over all its
 * parameters; running statistics are none). 0: as it was; Infinity: moved away from nothing but zeros.
 */
export function weightChanges(network: Network, before: Weights, after: Weights): { readonly path: string; readonly change: number }[] {
  const squares = (names: readonly string[]): { apart: number; size: number } => {
    let apart = 0, size = 0;
    for (const name of names) {
      const from = before.get(name)!.data, to = after.get(name)!.data;
      for (let i = 0; i < from.length; i++) {
        apart += (to[i]! - from[i]!) ** 2;
        size += from[i]! ** 2;
      }
    }
    return { apart, size };
  };
  const visit = (row: FreezeRow): { path: string; change: number }[] => {
    const { apart, size } = squares(row.parameters);
    return [{ path: row.path, change: apart === 0 ? 0 : Math.sqrt(apart / size) }, ...row.children.flatMap(visit)];
  };
  return freezeTree(network).filter(({ path }) => path !== headPath).flatMap(visit);
}
