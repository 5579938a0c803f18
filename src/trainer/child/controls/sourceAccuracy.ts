/**
 * Forgetting: of photos of the source task, how many its own head gets right, on the backbone as it came and as it was
 * fine-tuned. The same head both times, among all of its classes.
 */
import { fileStore } from '../../../runs/fileStore.ts';
import { FactsCache } from '../../../data/factsCache.ts';
import { freezeBoundary } from '../../../backbones/boundary.ts';
import { matchPatterns } from '../../../backbones/freezePlan.ts';
import { mcnemarTwoSided } from '../../../evidence/mcnemar.ts';
import { Observer } from '../../../engine/observer.ts';
import { pairedDifference, shareOf } from '../../../evidence/intervals.ts';
import { placeOf } from '../../../runs/runFolder.ts';
import { predictedOf } from '../stages/trace.ts';
import { prepared as preparedFiles } from '../../../data/prepare.ts';
import { ProgressLine } from '../photos/progressLine.ts';
import type { Sample } from '../../../data/sample.ts';
import { sourceHeadOf } from '../weights/cardWeights.ts';
import { Sources } from '../features/sources.ts';
import type { SourceTask } from '../photos/sourceTask.ts';
import type { Prepared } from '../training.ts';
import type { Trained } from '../stages/trainJob.ts';
import type { Transfer } from '../../../protocol/insight.ts';

const batch = 16;

/** Undefined on a stop, and when no photo could be opened. */
export async function sourceAccuracy(prepared: Prepared, { weights, stages }: Pick<Trained, 'weights' | 'stages'>, { name, folder, files, classOf }: SourceTask): Promise<Transfer['source'] | undefined> {
  const { run, card, network, start, machine, engine, store, dataset } = prepared, stop = run.stopRequested, isStopped = (): boolean => stop.aborted;
  const samples = await opened(prepared, folder, files);
  if (isStopped() || samples.length === 0) return undefined;
  const trains = new Set(stages.flatMap((stage) => [...matchPatterns(network, stage.train).trained])), boundary = freezeBoundary(network, trains);
  const sources = new Sources({ card, network, stages: [], store, threads: machine.threads, engine: () => Promise.resolve(engine), activity: 'features', append: run.append, stop });
  const source = await sources.of(boundary, start, { ...dataset, folder, samples });
  const head = await sourceHeadOf(card, machine.backbones), classes = head.get('head.weight')!.shape[0]!, whole = card.network(classes);
  const sides = [start, weights].map((backbone) => {
    const observer = new Observer({ network: whole, from: boundary, input: card.input, kernels: engine.kernels });
    observer.wear(new Map([...backbone, ...head]));
    return observer;
  });
  try {
    const line = new ProgressLine('evaluating', run.append), right: boolean[][] = [[], []];
    let at = 0;
    for await (const x of source.blocks(samples.map((_, sample) => ({ sample, view: 'centre' })), batch, stop)) {
      if (isStopped()) return undefined;
      const here = samples.slice(at, at + batch), values = x.subarray(0, here.length * source.width);
      for (const [side, observer] of sides.entries()) {
        const said = predictedOf((await observer.look(values, here.length)).outputs, classes);
        right[side]!.push(...here.map(({ label }, i) => said[i] === classOf.get(label)));
      }
      at += here.length;
      line.at(at, samples.length);
    }
    return { name, classes, matched: classOf.size, ...compared(right[0]!, right[1]!) };
  } finally {
    sides.forEach((observer) => observer.dispose());
  }
}

/** The files that can be opened, with their contents' hashes. */
async function opened({ run, card }: Prepared, folder: string, files: SourceTask['files']): Promise<readonly Sample[]> {
  const known = await FactsCache.open(fileStore(placeOf(run.folder).facts, 'never')), samples: Sample[] = [], line = new ProgressLine('reading', run.append);
  for await (const item of preparedFiles({ folder, files }, card.input, [], { signal: run.stopRequested, known: (sha256) => known.get(sha256) })) {
    if ('problem' in item) continue; // the source's photos are not what the run is about
    known.add(item.facts);
    samples.push({ ...item.file, facts: item.facts });
    line.at(samples.length, files.length);
  }
  await known.save();
  return samples;
}

function compared(before: readonly boolean[], after: readonly boolean[]): Pick<NonNullable<Transfer['source']>, 'before' | 'after' | 'change' | 'p'> {
  const count = (is: (i: number) => boolean): number => before.filter((_, i) => is(i)).length;
  const lost = count((i) => before[i]! && !after[i]!), won = count((i) => !before[i]! && after[i]!);
  return {
    before: shareOf(count((i) => before[i]!), before.length), after: shareOf(count((i) => after[i]!), after.length),
    change: pairedDifference(won, lost, before.length), p: mcnemarTwoSided(won, lost),
  };
}
