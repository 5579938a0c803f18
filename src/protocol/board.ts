import type { Diagnostic } from './diagnostic.ts';
import type { Share } from './verdict.ts';

/** Backbones compared on a sample of one folder, without training (docs/evidence.md); kept as a file, and what `rank` answers. */
export interface Board {
  readonly format: 1;
  /** Absolute. */
  readonly folder: string;
  readonly at: string;
  /** Photos that were looked at, near-duplicates once, and photos in the folder. */
  readonly images: number;
  readonly found: number;
  readonly classes: number;
  /** sha256 over contents and labels of the sample: a board with another one is of other photos. */
  readonly fingerprint: string;
  /** The best first. */
  readonly rows: readonly BoardRow[];
  /** Backbones that could not be measured. */
  readonly failed: readonly { readonly name: string; readonly problem: Diagnostic }[];
}

export interface BoardRow {
  /** As an experiment names it. */
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  readonly sizeBytes: number;
  /** Hash of its weights and of what they are fed with: a row with another one is of another backbone. */
  readonly key: string;
  /** Features per photo, right before the head. */
  readonly features: number;
  readonly seconds: number;
  /** 1, 1, 3, …: those of one place cannot be told apart by these photos; and how many share it. */
  readonly place: number;
  readonly sharedBy: number;
  readonly scores: BoardScores;
  /** The same network with random weights. */
  readonly random: BoardScores;
  /** Probe − the random network's probe, by the paired bootstrap, −1…1. */
  readonly gain: { readonly value: number; readonly low: number; readonly high: number };
  /** `1` or `0` per photo of the sample: the probe got it right. What ties are found by. */
  readonly right: string;
}

export interface BoardScores {
  /** Leaving one out. */
  readonly probe: Share;
  readonly knn: Share;
  readonly logMe: number;
  readonly hScore: number;
  /** Where the weights brought their own head. */
  readonly leep?: number;
}

/** Told while `rank` is at work. */
export interface RankProgress {
  /** The backbone that is being measured: its title, and which of how many it is, from 1. */
  readonly doing: string;
  readonly nth: number;
  readonly of: number;
  /** Photos it has seen. */
  readonly done: number;
  readonly total: number;
  /** Until all are measured. */
  readonly leftMs?: number;
  /** When a row has come. */
  readonly board?: Board;
}
