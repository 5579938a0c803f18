/** A folder of photos, a cache of its own, and what `thaw rank` says of them. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parseBoard, parseRankProgress } from '../../src/protocol/guards.ts';
import type { Board, RankProgress } from '../../src/protocol/board.ts';
import { Workspace } from './product.ts';
import { repoRoot } from './root.ts';

/** Three classes of ten, and a cache that nothing was fetched into. */
export function rankSetting(t: TestContext): Workspace {
  const workspace = new Workspace(t), cache = workspace.path('cache'), found = join(repoRoot, 'out', 'test-cache', 'engine-choice.json');
  mkdirSync(cache);
  if (existsSync(found)) cpSync(found, join(cache, 'engine-choice.json'));
  workspace.variables['THAW_CACHE'] = cache;
  workspace.photos({ cardboard: 10, glass: 10, metal: 10 });
  return workspace;
}

/** Of `thaw rank --json`. */
export function linesOf(stdout: string): { readonly progress: readonly RankProgress[]; readonly board: Board } {
  const lines = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown), board = parseBoard(lines.pop());
  assert.ok(board.ok, board.ok ? '' : board.note);
  return {
    board: board.value,
    progress: lines.map((line) => {
      const parsed = parseRankProgress(line);
      assert.ok(parsed.ok);
      return parsed.value;
    }),
  };
}
