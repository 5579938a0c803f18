import type { Architecture } from './card.ts';
import type { Network } from './op.ts';

/** Names do not depend on the number of classes, which is known only once the folder has been scanned. */
const anyClasses = 2;

/** By their number of classes. */
const networks = new WeakMap<Pick<Architecture, 'network'>, Map<number, Network>>();

/** A backbone's network, made once: it never changes, and the editor asks for it at each keystroke. */
export function networkOf(backbone: Pick<Architecture, 'network'>, classes = anyClasses): Network {
  const byClasses = networks.get(backbone) ?? new Map<number, Network>(), network = byClasses.get(classes) ?? backbone.network(classes);
  networks.set(backbone, byClasses.set(classes, network));
  return network;
}
