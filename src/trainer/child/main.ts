import type { Checked } from '../../protocol/diagnostic.ts';
import type { ExplainProgress, InstalledEngine, InstallProgress } from '../../protocol/answers.ts';
import type { RankProgress } from '../../protocol/board.ts';
import { engineOffers, installCommand } from '../native/engineCommand.ts';
import { valueOf } from './photos/dataset.ts';
import { concludeWith, openTrainerRun } from './runWriter.ts';
import { diagnosticOf, exitCodes } from './exit.ts';
import { diagnoseEngines } from './machine/engine.ts';
import { costBasis, estimateFolder } from './answers/estimate.ts';
import { formatJson } from '../../protocol/jsonText.ts';
import { addModel, removeModel } from './weights/modelsCommand.ts';
import { machineOf } from './machine/machine.ts';
import { predictFiles } from './answers/predict.ts';
import { preflightFolder } from './answers/preflight.ts';
import { rankFolder } from './answers/rank.ts';
import { readArguments } from '../../terminal/arguments.ts';
import { engineNamed, type RunEvent, type RunFact } from '../../protocol/runEvent.ts';
import { explainFiles } from './answers/explain.ts';
import { findRate } from './answers/findRate.ts';
import { nowAt } from '../../base/clock.ts';
import { Refused } from '../../protocol/diagnostic.ts';
import { runsPlace } from '../../runs/runFolder.ts';
import { runExperiment } from './experimentRun.ts';
import { takeHubAccess, userCacheFolder } from '../../base/environment.ts';

/** The trainer process: `run <run folder>` executes one run to its end, the other commands answer in one JSON line (trainer/host/ask.ts). */
const machine = machineOf(import.meta.url, userCacheFolder(), takeHubAccess());
const [command = '', first, ...rest] = process.argv.slice(2);
/** Of the next event that is told. */
let seq = 0;

switch (command) {
  case 'run': {
    const run = openTrainerRun(operand());
    process.exitCode = await concludeWith(run, () => runExperiment(run, machine));
    break;
  }
  case 'estimate': await answer(() => estimateFolder(operand(), machine)); break;
  case 'cost': await answer(() => costBasis(operand(), machine)); break;
  case 'predict': await answer(() => predictFiles(operand(), rest, machine)); break;
  case 'explain': await answer(() => explainFiles(operand(), rest, machine, { signal: asked(), onProgress })); break;
  case 'engine': await answer(() => first === 'offers' ? engineOffers({ cacheDir: machine.cache }) : first === 'install' ? install() : usage()); break;
  case 'models': await answer(() => models(operand(), rest[0] ?? usage())); break;
  case 'preflight': await answer(() => preflightFolder(operand(), rest[0] ?? usage(), machine)); break;
  case 'rank': await answer(() => rank(operand(), rest)); break;
  case 'rate': await answer(() => findRate({ file: operand(), place: rest[0] ?? usage(), stage: Number(rest[1] ?? usage()), engine: engineNamed(rest[2]), append: tell, signal: asked() }, machine)); break;
  case 'doctor': await answer(() => diagnoseEngines(machine)); break;
  default: usage();
}
// A backend or a worker may still hold handles; everything that had to be written is.
process.exit();

function operand(): string {
  return first ?? usage();
}

function usage(): never {
  process.stderr.write('usage: trainer run <run folder> | estimate <folder | manifest> | cost <folder | manifest> | predict <run folder> <files …> | explain <run folder> <images …> | doctor | engine offers | engine install [--cuda] [--from <file>] [--source <address>] | models add | models remove <name> | rate <experiment file> <.thaw folder> <stage> [engine] | preflight <folder | manifest> <backbone> | rank <folder> <place> <backbones …>\n');
  process.exit(exitCodes.usage);
}

/** Says how far it is, one line of JSON at a time. */
async function install(): Promise<InstalledEngine> {
  const read = readArguments(rest);
  if (typeof read === 'string') return usage();
  const { cuda = false, from, source } = read.options;
  return valueOf(await installCommand({
    cacheDir: machine.cache, cuda, from, source, signal: asked(), onProgress,
  }));
}

async function models(what: string, name: string): Promise<unknown> {
  const { cache, hub } = machine;
  return what === 'add' ? valueOf(await addModel(name, { cache, hub, signal: asked(), onProgress })) : what === 'remove' ? valueOf(removeModel(name, cache)) : usage();
}

async function rank(folder: string, [place = usage(), ...names]: readonly string[]): Promise<unknown> {
  return rankFolder(folder, machine, { names, place: runsPlace(place), signal: asked(), onProgress });
}

/** As a run would journal it: whoever asked folds it the same way. */
function tell(fact: RunFact): void {
  process.stdout.write(`${formatJson({ seq: seq++, at: nowAt(), ...fact } satisfies RunEvent)}\n`);
}

function onProgress(progress: ExplainProgress | InstallProgress | RankProgress): void {
  process.stdout.write(`${formatJson(progress)}\n`);
}

/** Ends with our stdin: then whoever asked has turned away, or is gone. */
function asked(): AbortSignal {
  const cancelled = new AbortController();
  process.stdin.resume().on('end', () => cancelled.abort());
  return cancelled.signal;
}

async function answer(ask: () => Promise<unknown>): Promise<void> {
  const checked = await ask().then(
    (value): Checked<unknown> => ({ ok: true, value, warnings: [] }),
    (error: unknown): Checked<unknown> => ({ ok: false, errors: error instanceof Refused ? error.diagnostics : [diagnosticOf(error)], warnings: [] }));
  await new Promise((resolve) => process.stdout.write(`${formatJson(checked)}\n`, resolve));
}
