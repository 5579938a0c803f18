import type { Diagnostic } from './diagnostic.ts';

/** What a trainer answers when it is asked something (trainer/host/ask.ts); guarded where it arrives. */

/** `estimate <dataset folder>`: what each plan would do there. */
export interface Estimate {
  readonly images: number;
  readonly classes: number;
  /** The recommended plan first. */
  readonly plans: readonly PlanEstimate[];
  /** Why it is recommended, in one sentence. */
  readonly why: string;
  /** The native engine, where it is missing and could be had. */
  readonly offer?: { readonly title: string; readonly fetchBytes: number };
  /** Of the folder; with an error among them nothing can be trained on it. */
  readonly problems: readonly Diagnostic[];
}

export interface PlanEstimate {
  /** Name of a preset (experiment/presets.ts). */
  readonly preset: string;
  readonly title: string;
  /** What it will do. */
  readonly detail: string;
  /** Predicted for the run itself, without its from-scratch control. */
  readonly seconds: number;
  /** The same on the engine that is offered. */
  readonly offeredSeconds?: number;
  /** Budget of that control when it is left to `auto`. */
  readonly scratchSeconds: number;
}

/** `predict <run folder> <files…>`: one for each file, in their order. */
export interface FilePrediction {
  readonly file: string;
  /** Most probable first; empty when the file could not be read. */
  readonly top: readonly { readonly label: string; readonly probability: number }[];
  readonly problem?: Diagnostic;
}

/** `engine install`: what is there now. */
export interface InstalledEngine {
  /** "TensorFlow 2.21.0". */
  readonly title: string;
  readonly folder: string;
}

/** Told while `engine install` is at work. */
export interface InstallProgress {
  readonly activity: 'fetching' | 'unpacking';
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Of the last seconds; absent at the beginning. */
  readonly bytesPerSecond?: number;
  readonly leftMs?: number;
}

/** `engine offers`: what could be installed on this machine; the one to recommend first. */
export interface EngineOffer {
  /** "TensorFlow 2.21.0 with CUDA 12". */
  readonly title: string;
  readonly cuda: boolean;
  readonly fetchBytes: number;
  readonly diskBytes: number;
  readonly installed: boolean;
}

/** `models add`, `models remove`: a backbone from a hub. */
export interface FetchedModel {
  /** As an experiment names it. */
  readonly name: string;
  readonly title: string;
  readonly commit: string;
  readonly fetchedAt: string;
  readonly licence: string;
  readonly sizeBytes: number;
}
