import type { Brand } from '../base/brand.ts';
import type { DataFacts, Outcome, EngineFacts } from './runEvent.ts';
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
  /** Absolute path of the dataset folder; empty until the trainer has read the plan. */
  readonly dataFolder: string;
  /** Name of the backbone's card, of a hub's with its commit; empty until the trainer has read the plan. */
  readonly backbone: string;
  /** sha256 of its weights (of several files, of their hashes): the frozen layers are not in the checkpoints. */
  readonly weights?: string;
  /** What was asked for beside the experiment file. */
  readonly request?: RunRequest;
  /** Set on control runs. */
  readonly controlOf?: RunId;
  readonly control?: ControlKind;
  /** A control that was added to a run that had ended: it has a trainer of its own. */
  readonly addedLater?: boolean;
  /** Of a control that trains: equal where another run's control would be the same one (trainer/child/controls/controlKey.ts). */
  readonly controlKey?: string;
  /** Time that the control was given, and the step at which that ended, if it did. */
  readonly budgetMs?: number;
  readonly cutAtStep?: number;
  /** Set on runs that one file made together (`variants`, `seeds`): what they share, what this one is called among them, and its place, from 1. */
  readonly sweep?: { readonly id: string; readonly name: string; readonly place: number };
  /** The run that this one repeats with another seed: they are judged together. */
  readonly seedOf?: RunId;
  /** The interrupted run that this one goes on from, and milliseconds that had gone into it. */
  readonly continues?: { readonly run: RunId; readonly spentMs?: number };
  readonly engine?: EngineFacts;
  /** As in the journal's `data`; left out: one class per photo. */
  readonly task?: DataFacts['task'];
  /** sha256 over the sorted sample hashes, labels and splits. */
  readonly dataFingerprint?: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly best?: { readonly step: number; readonly validationAccuracy: number; readonly validationLoss: number };
  readonly test?: Share;
  readonly claim?: Claim;
  /** Why it ended, when it did not simply finish. */
  readonly problem?: Diagnostic;
}

export interface RunRequest {
  /** Values of the plan by dotted path (`stages.0.rate`), from the command line or a control. */
  readonly overrides?: Readonly<Record<string, string | number | boolean>>;
  /** What makes a run one of several that a file makes, likewise, as it would be written. */
  readonly varied?: Readonly<Record<string, string>>;
  /** The rung to use, instead of the fastest. */
  readonly engine?: EngineFacts['name'];
  /** GB (10⁹ bytes) that the home's feature cache may have between runs; left out: runs/featureFolder.ts. */
  readonly featureCacheMaxGb?: number;
}

/**
 * lease.json: proof that a trainer lives, rewritten at each heartbeat (a file of its own, so that the manifest changes
 * only when the run does). What it proves: runs/lease.ts `lifeOf`.
 */
export interface Lease {
  readonly pid: number;
  /** Boot and clock tick in which that process started, where the system tells (Linux), else empty. */
  readonly pidStart: string;
  readonly host: string;
  readonly heartbeatAt: string;
}

/** exit.json: how the trainer's process ended, as its keeper saw it. */
export interface ExitFacts {
  readonly at: string;
  /** One of the two: it returned a code, or a signal ended it. */
  readonly code?: number;
  readonly signal?: string;
  /** The kernel ended processes for want of memory while this one ran. */
  readonly oomKilled: boolean;
  /** Largest resident size, where the system tells. */
  readonly peakBytes?: number;
}
