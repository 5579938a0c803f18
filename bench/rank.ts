import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseBoard } from '../src/protocol/guards.ts';
import { ownCache } from '../test/support/ownCache.ts';
import { putRandom } from '../test/support/fetchedModels.ts';
import { sharedFolder, table } from './support.ts';

/** How long a board of 500 photos takes: the bundled backbones, and others with random weights, for which time is the same. */
export function rankBench(): void {
  const home = mkdtempSync(join(tmpdir(), 'thaw-rank-')), cache = ownCache(join(home, 'cache')), shared = sharedFolder();
  try {
    for (const architecture of ['mobilenetv2_100', 'mobilenetv3_large_100', 'resnet18', 'efficientnet_b0']) putRandom(cache, architecture, 1000);
    const from = [['recycling6', 'samples/recycling6'], ...shared === undefined ? [] : [['flowers5', join(shared, 'flowers5', 'images')]]] as const;
    for (const [set, folder] of from) for (const label of readdirSync(folder)) if (!label.includes('.') && !/^[A-Z]+$/.test(label)) cpSync(join(folder, label), join(home, 'photos', `${set}-${label}`), { recursive: true });
    const names = ['efficientnet_lite0', 'hf:test/mobilenetv2_100', 'hf:test/mobilenetv3_large_100', 'hf:test/resnet18', 'hf:test/efficientnet_b0'];
    const ranked = (): { readonly seconds: number; readonly stdout: string } => {
      const startMs = performance.now(), ran = spawnSync(process.execPath, ['dist/cli.mjs', 'rank', join(home, 'photos'), '--json', '--home', home, ...names.flatMap((name) => ['--backbone', name])], { encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, THAW_CACHE: cache } });
      if (ran.status !== 0) throw new Error(ran.stderr);
      return { seconds: (performance.now() - startMs) / 1000, stdout: ran.stdout };
    };
    const first = ranked(), again = ranked(), board = parseBoard(JSON.parse(first.stdout.trimEnd().split('\n').at(-1)!));
    if (!board.ok) throw new Error(board.note);
    console.log(`\n### rank: ${board.value.images} photos, ${board.value.rows.length} backbones in ${first.seconds.toFixed(1)} s (again, known: ${again.seconds.toFixed(1)} s); goal 60 s; load average ${loadavg()[0]!.toFixed(1)}\n`);
    table(['backbone', 'seconds', 'features', 'probe'], board.value.rows.map(({ title, seconds, features, scores }) => [title, seconds.toFixed(1), String(features), scores.probe.value.toFixed(3)]));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
