import type { Outcome } from './runEvent.ts';
import type { RunStatus } from './runManifest.ts';

/** True once nothing will happen to the run any more. */
export const hasEnded = (status: RunStatus): status is Outcome => {
  switch (status) {
    case 'finished': case 'stopped': case 'failed': case 'killed': case 'crashed': return true;
    case 'queued': case 'preparing': case 'training': case 'judging': return false;
  }
};
