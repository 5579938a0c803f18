import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { experimentText, presets, type PresetName } from '../src/experiment/presets.ts';
import type { RunEvent } from '../src/protocol/runEvent.ts';
import { median, sharedFolder, table } from './support.ts';

const percent = (value: number): string => (100 * value).toFixed(1);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** A line for each run that the table is made of. */
const resultsPath = 'docs/studies/presets.jsonl';

interface Result {
  readonly backbone: string;
  readonly preset: PresetName;
  readonly set: string;
  readonly seed: number;
  readonly accuracy: number;
  readonly items: number;
  readonly seconds: number;
}

/**
 * Which preset is best where? Each preset × 3 seeds × photo sets × bundled backbones, on one split of each set, without the
 * controls that cost time: docs/studies/presets.md. Each run adds its line to presets.jsonl; runs that have one are not run again
 * (delete the file to begin anew), so a study that was cut goes on where it was. One seed of everything comes before the next
 * seed. THAW_STUDY_MINUTES ends it early, a run included that is at work then. THAW_STUDY_BACKBONES, THAW_STUDY_PRESETS and
 * THAW_STUDY_SEEDS name fewer of them.
 */
export function presetsBench(): void {
  const shared = sharedFolder(), until = Date.now() + 60_000 * Number(process.env['THAW_STUDY_MINUTES'] ?? Infinity);
  const sets: readonly (readonly [name: string, from: string])[] = [['recycling6', 'samples/recycling6'], ...shared ? ['flowers5', 'hymenoptera'].map((name) => [name, join(shared, name, 'images')] as const) : []];
  const chosen = (process.env['THAW_STUDY_PRESETS']?.split(',') as readonly PresetName[] | undefined) ?? presets.map(({ name }) => name);
  const seeds = (process.env['THAW_STUDY_SEEDS'] ?? '1,2,3').split(',').map(Number);
  const results = existsSync(resultsPath) ? readFileSync(resultsPath, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Result) : [];
  for (const backbone of (process.env['THAW_STUDY_BACKBONES'] ?? 'efficientnet_lite0,resnet20_cifar10').split(',')) {
    const homes = new Map(sets.map(([name, from]) => [name, homeOf(name, from, backbone)]));
    for (const seed of seeds) for (const preset of chosen) for (const [set] of sets) {
      if (Date.now() >= until || results.some((done) => done.backbone === backbone && done.preset === preset && done.set === set && done.seed === seed)) continue;
      const ran = runOf(homes.get(set)!, preset, seed, until - Date.now());
      if (!ran) continue;
      const result = { backbone, preset, set, seed, ...ran };
      results.push(result);
      appendFileSync(resultsPath, `${JSON.stringify(result)}\n`);
      process.stderr.write(`${backbone} ${preset} ${set} seed ${seed}: ${percent(result.accuracy)} in ${result.seconds.toFixed(0)} s\n`);
    }
    homes.forEach((home) => rmSync(home, { recursive: true }));
    print(backbone, sets.map(([name]) => name), results.filter((result) => result.backbone === backbone));
  }
}

/** One for each set: the first run fills its feature cache. */
function homeOf(set: string, from: string, backbone: string): string {
  const home = mkdtempSync(join(tmpdir(), 'thaw-presets-'));
  cpSync(from, join(home, set), { recursive: true });
  for (const { name } of presets) writeFileSync(join(home, `${name}.thaw.yaml`), experimentText(name, { folder: set, backbone, scratchBudget: 'off' }));
  return home;
}

/** Undefined: the time was up. */
function runOf(home: string, preset: PresetName, seed: number, timeout: number): Pick<Result, 'accuracy' | 'items' | 'seconds'> | undefined {
  const startMs = Date.now();
  const ran = spawnSync(process.execPath, ['dist/cli.mjs', 'run', join(home, `${preset}.thaw.yaml`), '--json', '--set', 'controls=[blind]', '--set', `seed=${seed}`], { encoding: 'utf8', maxBuffer: 1 << 28, ...(timeout < Infinity && { timeout }), killSignal: 'SIGINT' });
  const seconds = (Date.now() - startMs) / 1000;
  if (ran.error) return undefined;
  const tested = ran.stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as RunEvent).find((event) => event.type === 'tested');
  if (tested?.type !== 'tested') throw new Error(`no result: ${ran.stderr}`);
  return { accuracy: tested.accuracy.value, items: tested.accuracy.items, seconds: Number(seconds.toFixed(1)) };
}

function print(backbone: string, sets: readonly string[], results: readonly Result[]): void {
  console.log(`\n### ${backbone}: test accuracy in %, mean (each seed), and median seconds of a run\n`);
  table(['preset', ...sets.map((set) => `${set} (${results.find((result) => result.set === set)?.items ?? '–'} items)`)], presets.map(({ name }) => [name, ...sets.map((set) => {
    const found = results.filter((result) => result.preset === name && result.set === set);
    if (found.length === 0) return 'not run';
    const accuracies = found.map(({ accuracy }) => accuracy);
    return `**${percent(mean(accuracies))}** (${accuracies.map(percent).join(', ')}), ${median(found.map(({ seconds }) => seconds)).toFixed(0)} s`;
  })]));
}
