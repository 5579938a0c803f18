import { join } from 'node:path';
import type { Network } from '../../../backbones/op.ts';
import type { DataFacts, RunFact } from '../../../protocol/runEvent.ts';
import { controlKinds, type ControlKind, type Verdict } from '../../../protocol/verdict.ts';
import { appendLater } from '../../../runs/laterEvents.ts';
import { causesOf } from '../../../evidence/causes.ts';
import { causeFacts } from './causeFacts.ts';
import { aligned, readOutcome, type StoredOutcome } from './storedOutcome.ts';
import { judge } from '../../../evidence/verdict.ts';
import { placeOf, runFolder, type RunFolder } from '../../../runs/runFolder.ts';
import { readManifest } from '../../../runs/manifest.ts';
import { runFoldersIn } from '../../../runs/runIndex.ts';

/** Of a run that died before it was judged. */
const neverMade: Verdict['missing'] = controlKinds.map((control) => ({ control, why: 'the run ended before it could run' }));

/**
 * The verdict of a run, with the runs that repeat it with other seeds, if it has such: a pure function of what they have left
 * on the disk, so that at the end of a run, when a control was added, and when a run with another seed has ended, the same files
 * are judged by the same rules. `missing`: why controls are not
 * there; left out, it is what was said before. `network`: the run's.
 */
export async function judgeStored(folder: RunFolder, network: Network, missing?: Verdict['missing']): Promise<Verdict | undefined> {
  const head = await readOutcome(folder);
  if (!head) return undefined;
  const repeats = (await Promise.all(repeatsOf(folder).map((each) => readOutcome(each)))).flatMap((each) => each ? aligned(head, each) ?? [] : []);
  const has = new Set(head.controls.map(({ control }) => control)), names = head.state.data?.classes ?? [];
  const said = [...head.missing, ...(missing ?? head.state.verdict?.missing ?? neverMade).filter(({ control }) => !head.missing.some((each) => each.control === control))];
  const scratchBudgetMs = budgetOf(head, 'scratch');
  const { spread, state: { data } } = head, seeds = [head, ...repeats], judged = judge(seeds, {
    labels: head.labels, classes: names, missing: said.filter(({ control }) => !has.has(control)),
    ...(scratchBudgetMs !== undefined && { scratchBudgetMs }), ...(spread !== undefined && { spread }),
  });
  const { classes, ...whole } = judged, verdict: Verdict = { ...whole, ...(data?.task === undefined && classes && { classes }), words: withSubset(judged.words, data) }; // a set of labels is no class
  const advice = causesOf(await causeFacts(head, seeds, verdict, network, readOutcome));
  return { ...verdict, ...(advice.length > 0 && { advice }) };
}

const withSubset = (words: string, data: DataFacts | undefined): string => data?.subset === undefined ? words : `${words} This was a try on ${data.subset}.`;

/** The run was judged anew: its journal says so. Nothing happens to a run that has not ended: it will be judged at its end. */
export async function judgeAgain(folder: RunFolder, network: Network, first: readonly RunFact[] = []): Promise<boolean> {
  if (first.length > 0 && !await appendLater(folder, first)) return false;
  const verdict = await judgeStored(folder, network);
  return verdict !== undefined && appendLater(folder, [{ type: 'verdict', verdict }]);
}

/** Runs that repeat this one with other seeds. */
const repeatsOf = (folder: RunFolder): readonly RunFolder[] => runFoldersIn(placeOf(folder)).filter((each) => {
  const read = readManifest(each);
  return read.ok && read.value.seedOf === folder.id && read.value.test !== undefined;
});

function budgetOf({ folder, state }: StoredOutcome, control: ControlKind): number | undefined {
  const { runId } = state.controls.find((each) => each.control === control) ?? {};
  const read = runId === undefined ? undefined : readManifest(runFolder(join(placeOf(folder).runs, runId)));
  return read?.ok ? read.value.budgetMs : undefined;
}
