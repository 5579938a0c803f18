import type { CardInput } from '../backbones/card.ts';
import type { Checked } from '../protocol/diagnostic.ts';
import type { PreparedFile } from './prepareFile.ts';
import type { View } from './sample.ts';

/** What data/prepare.ts and data/decodeWorker.ts say to each other. One program, one version: no guards. */
export interface WorkerSetup {
  readonly input: CardInput;
  /** Whether the worker asks, with the hash, before it decodes. */
  readonly asksFirst: boolean;
  /** Files decoded at a time: libuv's threads decode some while this thread resizes another. */
  readonly decodesAtOnce: number;
}

/** The file, or only the hash of a content that was not to be decoded. */
export type FileResult = PreparedFile | { readonly sha256: string };

export type ToWorker =
  | { readonly type: 'file'; readonly index: number; readonly path: string; readonly views: readonly View[] }
  | { readonly type: 'answer'; readonly index: number; readonly decode: boolean };

export type FromWorker =
  | { readonly type: 'asks'; readonly index: number; readonly sha256: string }
  | { readonly type: 'done'; readonly index: number; readonly result: Checked<FileResult> }
  | { readonly type: 'failed'; readonly index: number; readonly reason: string };
