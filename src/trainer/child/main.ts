import { concludeWith, openTrainerRun } from './runWriter.ts';
import { exitCodes } from './exit.ts';
import { runExperiment } from './experimentRun.ts';
import { machineOf } from './machine.ts';
import { userCacheFolder } from '../../base/environment.ts';

/** The trainer process: `trainer.mjs run <run folder>` executes one run to its end. */
const [command, folder] = process.argv.slice(2);
if (command === 'run' && folder !== undefined) {
  const run = openTrainerRun(folder);
  process.exitCode = await concludeWith(run, () => runExperiment(run, machineOf(import.meta.url, userCacheFolder())));
} else {
  process.stderr.write('usage: trainer run <run folder>\n');
  process.exitCode = exitCodes.usage;
}
