import type { Brand } from '../base/brand.ts';
import type { Outcome, EngineFacts } from './runEvent.ts';
import type { Claim, ControlKind, Share } from './verdict.ts';
import type { Diagnostic } from './diagnostic.ts';

/** `<yyyymmdd-hhmmss>-<slug>-<id>`: also the name of the run's folder. */
export type RunId = Brand<string, 'RunId'>;

/** Where a run is now. `judging`: trained and tested; its controls still run. */
export type RunStatus = 'queued' | 'preparing' | 'training' | 'judging' | Outcome;

/** run.json. Replaced by atomic rename; a newer major `format` is refused. */
export interface RunManifest {
  readonly format: 1;
  readonly id: RunId;
  /** Short title: the experiment's file name without `.thaw.yaml`. */
  readonly title: string;
  readonly status: RunStatus;
  readonly createdAt: string;
  readonly endedAt?: string;
  /** Absolute path of the experiment file that the run was started from. */
  readonly experimentFile: string;
  /** Absolute path of the dataset folder. */
  readonly dataFolder: string;
  readonly backbone: string;
  /** Set on control runs. */
  readonly controlOf?: RunId;
  readonly control?: ControlKind;
  readonly engine?: EngineFacts;
  /** sha256 over the sorted sample hashes, labels and splits. */
  readonly dataFingerprint?: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly best?: { readonly step: number; readonly validationAccuracy: number; readonly validationLoss: number };
  readonly test?: Share;
  readonly claim?: Claim;
  /** Present while a trainer owns the run. */
  readonly lease?: Lease;
  /** Why it ended, when it did not simply finish. */
  readonly problem?: Diagnostic;
}

/** Proof that a trainer lives: a dead pid, or a pid reborn (other start time), or a heartbeat older than 15 s that is not running, is no proof. */
export interface Lease {
  readonly pid: number;
  /** Start of that process in clock ticks since boot where the system tells (Linux), else empty. */
  readonly pidStart: string;
  readonly host: string;
  readonly heartbeatAt: string;
}
