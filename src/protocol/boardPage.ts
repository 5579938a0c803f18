import type { Board, RankProgress } from './board.ts';

/** Between the extension host and the page of a board; guarded on both sides (protocol/guards.ts). */
export interface BoardState {
  /** Of the folder, for the title; and whole, so that the page can be brought back after a reload. */
  readonly folder: string;
  readonly board?: Board;
  /** While it is being measured. */
  readonly progress?: Omit<RankProgress, 'board'>;
  readonly running: boolean;
  /** Why there is no board, or no more of it. */
  readonly problem?: { readonly message: string; readonly fix?: string };
  /** The experiment on this folder, where there is one: its file's name, and the backbone that it names. */
  readonly experiment?: { readonly file: string; readonly backbone: string };
}

export type ToBoard = { readonly type: 'state'; readonly state: BoardState };

export type FromBoard =
  | { readonly type: 'ready' }
  /** Write it into the experiment on this folder; without one, fine-tune with it. */
  | { readonly type: 'use'; readonly name: string }
  | { readonly type: 'measure' }
  | { readonly type: 'cancel' }
  | { readonly type: 'page-error'; readonly message: string };
