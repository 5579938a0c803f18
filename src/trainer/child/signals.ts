import type { Disposable } from '../../base/owner.ts';

const stopSignals = ['SIGTERM', 'SIGINT'] as const;

/**
 * SIGTERM and SIGINT mean the same as an order to stop: finish the step, keep a checkpoint, end with 0.
 * Only the first does: a second one ends the process at once, as people who press Ctrl+C twice expect.
 */
export function onStopSignal(stop: () => void): Disposable {
  const dispose = (): void => stopSignals.forEach((signal) => process.off(signal, once));
  const once = (): void => {
    dispose();
    stop();
  };
  for (const signal of stopSignals) process.on(signal, once);
  return { dispose };
}
