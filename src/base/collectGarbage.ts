import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Frees dead arrays now, in some 30 ms. V8 waits until its own heap is short, and cannot know that an engine is about to want
 * the memory: of ResNet-50's weights alone 100 MB.
 */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
