import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { suggest } from './base/suggest.ts';
import { cache } from './commands/cache.ts';
import { changeLayers } from './commands/changeLayers.ts';
import { check } from './commands/check.ts';
import { compare } from './commands/compare.ts';
import { confirmRun } from './commands/confirmRun.ts';
import { control } from './commands/control.ts';
import { cost } from './commands/cost.ts';
import { doctor } from './commands/doctor.ts';
import { engine } from './commands/engine.ts';
import { explain } from './commands/explain.ts';
import { lr } from './commands/lr.ts';
import { models } from './commands/models.ts';
import { complain, print, wrongUsage } from './commands/output.ts';
import { plan } from './commands/plan.ts';
import { predict } from './commands/predict.ts';
import { rank } from './commands/rank.ts';
import { resume } from './commands/resume.ts';
import { run } from './commands/run.ts';
import { runs } from './commands/runs.ts';
import { stop } from './commands/stop.ts';
import { Refused } from './protocol/diagnostic.ts';
import { type Options, readArguments, usage } from './terminal/arguments.ts';
import { diagnosticOf, exitCodes } from './trainer/child/exit.ts';

/** The same product without an editor. Exit codes are in `thaw --help`. */
const commands: Readonly<Record<string, (operands: readonly string[], options: Options) => Promise<number>>> = {
  run, check, plan, cost, lr, rank, predict, explain, runs, compare, stop, resume, control, confirm: confirmRun, doctor, engine, models, cache,
  thaw: (operands, options) => changeLayers('thaw', operands, options), freeze: (operands, options) => changeLayers('freeze', operands, options),
};

async function main(argv: readonly string[]): Promise<number> {
  const parsed = readArguments(argv);
  if (typeof parsed === 'string') return wrongUsage(parsed);
  const { command, operands, options } = parsed;
  if (options.version) return print(await version());
  if (options.help || command === '' || command === 'help') return print(usage);
  const found = commands[command];
  if (!found) return wrongUsage(`there is no command "${command}"${didYouMean(command)}`);
  try {
    return await found(operands, options);
  } catch (error) {
    if (error instanceof Refused) return complain(error.diagnostics);
    const diagnostic = diagnosticOf(error);
    if (diagnostic.code === 'internal-error') process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    return complain([diagnostic]);
  }
}

const didYouMean = (command: string): string => {
  const near = suggest(command, Object.keys(commands));
  return near ? `, did you mean "${near}"?` : '';
};

async function version(): Promise<string> {
  const { version: own } = JSON.parse(await readFile(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8')) as { version: string };
  return `thaw ${own}`;
}

// `thaw run … | head`: its reader has gone, and so goes this process, as shells expect. What it started goes on.
process.stdout.on('error', () => process.exit(exitCodes.unread));
process.exitCode = await main(process.argv.slice(2));
