import { readFile } from 'node:fs/promises';
import type { EngineFacts, RunFact } from '../../../protocol/runEvent.ts';
import type { Machine } from '../machine/machine.ts';
import type { NumberField } from '../../../experiment/schema.ts';
import type { Opened } from '../openExperiment.ts';
import type { RateTest } from '../../../protocol/answers.ts';
import { lengthOf, type TrainJob } from '../stages/trainJob.ts';
import { earlierSplits } from '../photos/earlierSplits.ts';
import { fieldAt } from '../../../experiment/schema.ts';
import { jobOf } from '../training.ts';
import { keepRateTest } from '../../../runs/rateTests.ts';
import { nowAt } from '../../../base/clock.ts';
import { openExperiment } from '../openExperiment.ts';
import { ProgressLine } from '../photos/progressLine.ts';
import { rangeTest, ratesToTry, type RangeTest } from './rangeTest.ts';
import { Refused, type Diagnostic } from '../../../protocol/diagnostic.ts';
import { resolveWithCard } from '../resolveRun.ts';
import { runsPlace } from '../../../runs/runFolder.ts';
import { smoothed, suggestRates } from '../../../evidence/rateSuggestions.ts';
import { train } from '../loop.ts';
import { trainingLock } from '../trainingLock.ts';

export interface RateRequest {
  readonly file: string;
  /** The `.thaw` folder. */
  readonly place: string;
  /** Index of the stage. */
  readonly stage: number;
  readonly engine: EngineFacts['name'] | undefined;
  readonly append: (fact: RunFact) => void;
  readonly signal: AbortSignal;
}

/** Far below where anything is learnt. */
const lowestRate = 1e-6;
/** The largest that an experiment may say. */
const highestRate = (fieldAt('stages.0.rate') as NumberField).max;
/** With fewer, the noise of a batch is larger than what a rate does. */
const fewestPhotos = 16;

/**
 * A learning-rate range test, told from top to bottom. It begins with the very weights that the stage would begin with:
 * the stages before it are trained first, as a run does. Nothing of that is kept but the features, which a run uses too.
 */
export async function findRate(request: RateRequest, machine: Machine): Promise<RateTest> {
  const { file, append, signal } = request, place = runsPlace(request.place);
  const { plan, card } = await resolveWithCard(await readFile(file), { file, overrides: {}, append, signal }, machine);
  const stage = plan.stages[request.stage];
  if (!stage) throw refused('out-of-range', `there is no stage ${request.stage + 1} in ${plan.stages.length}`);
  const lock = await trainingLock(place, signal);
  if (!lock) throw signal.reason;
  try {
    append({ type: 'started', pid: process.pid, node: process.version });
    const opened = await openExperiment({ plan, card, place, earlier: earlierSplits(place, plan.data), engine: request.engine, append, stop: signal, onDataset: ({ facts }) => append({ type: 'data', data: facts }) }, machine);
    signal.throwIfAborted();
    const images = opened!.dataset.rows.train.length;
    if (images < fewestPhotos) throw refused('split-too-small', `${images} training photos are too few to tell one rate from another`, `keep the rate that the file has, or add photos: from ${fewestPhotos} on it can be tried`);
    const tested = await testStage(opened!, request);
    const suggestions = suggestRates(tested);
    const test: RateTest = {
      format: 1, at: nowAt(), experimentFile: file, stage: { index: request.stage, name: stage.name }, rate: stage.rate, images, batch: plan.batch,
      engine: opened!.engine.facts.title, ...tested, smoothed: smoothed(tested.losses), ...(suggestions && { suggestions }),
    };
    keepRateTest(place, test);
    return test;
  } finally {
    lock.dispose();
  }
}

async function testStage(opened: Opened, { stage: index, append, signal }: RateRequest): Promise<RangeTest> {
  const { stages } = opened.plan, stage = stages[index]!;
  const job: TrainJob = { ...await jobOf(opened, opened.start, { activity: 'features', stages, stop: signal }, append), append, checkpoint: () => undefined, timed: () => undefined };
  const before = index === 0 ? { weights: opened.start, epoch: 0, step: 0 } : await train({ ...job, plan: { ...job.plan, stages: stages.slice(0, index) } });
  signal.throwIfAborted();
  const rates = ratesToTry(lowestRate, highestRate, lengthOf(job, stage).perEpoch), line = new ProgressLine('rates', append);
  const tested = await rangeTest(job, stage, before, rates, (done) => line.at(done, rates.length));
  signal.throwIfAborted();
  if (!Number.isFinite(tested!.startLoss) || !tested!.losses.some(Number.isFinite)) {
    throw refused('non-finite-loss', `the loss is ${tested!.startLoss} before a single rate was tried`, 'look at the weights that the stage starts from: a lower rate in the stages before it, or another backbone');
  }
  return tested!;
}

const refused = (code: Diagnostic['code'], message: string, fix?: string): Refused => new Refused([{ code, severity: 'error', message, ...(fix !== undefined && { fix }) }]);
