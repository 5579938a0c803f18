import type { Brand } from '../base/brand.ts';
import type { Diagnostic } from '../protocol/diagnostic.ts';
import type { ImageFormat } from './contentType.ts';

/** Path relative to the dataset folder, with `/`: stable across machines and runs. */
export type SampleId = Brand<string, 'SampleId'>;

export type Split = 'train' | 'validation' | 'test';

/** A file that may become a sample: found by the scan, not yet opened. */
export interface FoundFile {
  readonly id: SampleId;
  /** The class: its folder's name, exactly, or a manifest's word. Of several labels all, with `|` between; of a number its digits. */
  readonly label: string;
  /** Set for `image-multi-label`: may be none. */
  readonly labels?: readonly string[];
  /** Set for `image-regression`. */
  readonly target?: number;
  /** What splits and subsets are balanced by; left out: the label. */
  readonly stratum?: string;
  /** When the folder brings its own train / validation / test folders, or the manifest says so. */
  readonly givenSplit?: Split;
  readonly sizeBytes: number;
}

/** The labels that an image counts for: its class, or as many as it has; none where numbers are learnt. */
export const shownLabels = ({ label, labels, target }: Pick<FoundFile, 'label' | 'labels' | 'target'>): readonly string[] =>
  labels ?? (target === undefined ? [label] : []);

export interface Scan {
  /** Absolute. */
  readonly folder: string;
  readonly layout: 'classes' | 'splits' | 'manifest';
  readonly files: readonly FoundFile[];
  /** In words, which of all they are, when not all. */
  readonly subset?: string;
  /** Files and folders left out, and remarks: everything that was seen and is not used is here. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What was learnt by opening a file once; kept by content beside the feature cache so that a second run need not decode. */
export interface FileFacts {
  readonly sha256: string;
  /** Upright size, after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  /** Perceptual hashes [coarse, fine] as hex digits (perceptualHash.ts), or none when looks say nothing. */
  readonly hashes: readonly string[];
  /** Conversions and remarks made while decoding: `converted`, `blank`, `extension-mismatch` … Each names the file once it is prepared. */
  readonly notes: readonly Diagnostic[];
}

export interface Sample extends FoundFile {
  readonly facts: FileFacts;
  readonly duplicateGroup?: string;
}

/** One line of data/manifest.jsonl. */
export interface ManifestLine {
  readonly path: string;
  readonly label: string;
  readonly split?: Split;
  readonly sha256?: string;
  readonly hash?: string;
  readonly sizeBytes: number;
  readonly duplicateGroup?: string;
  readonly problem?: string;
}

/** uint8 RGB, row-major [height, width, 3]. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** How a sample is seen: as evaluated, mirrored, or a random draw of a recipe, `crop+flip@1#3` (data/augment.ts). */
export type View = 'centre' | 'flip' | `${string}#${number}`;
