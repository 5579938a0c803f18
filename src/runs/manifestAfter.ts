import type { RunEvent } from '../protocol/runEvent.ts';
import type { RunManifest } from '../protocol/runManifest.ts';

/**
 * The manifest after an event: it says of a run in one small file what its journal says at length, so that lists need
 * not read journals. Returns `manifest` itself when the event does not concern it.
 */
export function manifestAfter(manifest: RunManifest, event: RunEvent): RunManifest {
  switch (event.type) {
    case 'started': {
      const { endedAt: _endedAt, problem: _problem, ...lasting } = manifest;
      return { ...lasting, status: 'preparing' };
    }
    case 'engine': return { ...manifest, engine: event.engine };
    case 'data': return event.data.task ? { ...manifest, task: event.data.task } : manifest;
    case 'stage': return { ...manifest, status: 'training' };
    case 'evaluated': return event.best
      ? { ...manifest, best: { step: event.step, validationAccuracy: event.accuracy, validationLoss: event.loss } } : manifest;
    case 'tested': return { ...manifest, status: 'judging', test: event.accuracy };
    case 'verdict': return { ...manifest, claim: event.verdict.claim };
    case 'ended': return {
      ...manifest, status: event.outcome, endedAt: event.at, ...(event.diagnostic && { problem: event.diagnostic }),
    };
    default: return manifest;
  }
}
