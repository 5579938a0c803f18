import { join } from 'node:path';
import type { Network } from '../../../backbones/op.ts';
import type { DataFacts, RunFact } from '../../../protocol/runEvent.ts';
import type { RunManifest } from '../../../protocol/runManifest.ts';
import type { RunState } from '../../../protocol/reduceRun.ts';
import { controlKinds, type ControlKind, type Verdict } from '../../../protocol/verdict.ts';
import { appendLater } from '../../../runs/laterEvents.ts';
import { causesOf } from '../../../evidence/causes.ts';
import { causeFacts } from './causeFacts.ts';
import { foldJournal } from '../../../runs/foldJournal.ts';
import { judge, type ControlOutcome, type SeedOutcome } from '../../../evidence/verdict.ts';
import { rightOf } from '../../../evidence/rightness.ts';
import { spreadOf } from '../../../evidence/regression.ts';
import { keptWithin, readTrace, type TraceLine } from '../../../runs/trace.ts';
import { placeOf, runFolder, type RunFolder } from '../../../runs/runFolder.ts';
import { readManifest } from '../../../runs/manifest.ts';
import { readOutcomes, type ItemOutcome } from '../../../runs/outcomes.ts';
import { runFoldersIn } from '../../../runs/runIndex.ts';

/**
 * A verdict is a pure function of what runs have left on the disk: at the end of a run, when a control was added, and when
 * a run with another seed has ended, the same files are read and judged by the same rules.
 */
export interface StoredOutcome extends SeedOutcome {
  readonly folder: RunFolder;
  readonly manifest: RunManifest;
  readonly state: RunState;
  /** Of the test items, in the order of the outcomes. */
  readonly paths: readonly string[];
  readonly labels: readonly number[];
  readonly missing: Verdict['missing'];
  /** Where numbers are learnt: what `right` is measured by (evidence/regression.ts). */
  readonly spread?: number;
}

/** What a tested run and its controls did on each item; undefined for a run that was not tested. */
export async function readOutcome(folder: RunFolder): Promise<StoredOutcome | undefined> {
  const manifest = readManifest(folder);
  if (!manifest.ok) return undefined;
  const state = await foldJournal(folder, manifest.value), task = state.data?.task, own = readOutcomes(folder, 'test', task);
  if (!own.ok) return undefined;
  const trace = readTrace(folder), paths = own.value.map(({ path }) => path), spread = task === 'image-regression' ? spreadOf(own.value.map(({ truth }) => truth[0]!)) : undefined;
  const controls: ControlOutcome[] = [], missing: Verdict['missing'][number][] = [];
  for (const { control, accuracy, runId, matchedSteps } of state.controls) {
    if (!accuracy) continue; // it was begun and not ended: its reason is in `missing` of whoever began it
    const file = runId === undefined ? readOutcomes(folder, control, task) : readOutcomes(runFolder(join(placeOf(folder).runs, runId)), 'test', task);
    const right = file.ok ? rightOn(paths, file.value, spread) : undefined, kept = matchedSteps === undefined ? undefined : rightThen(keptWithin(trace, matchedSteps), own.value, spread);
    if (!right) missing.push({ control, why: runId === undefined ? 'its predictions are not there' : 'its run is not there any more' });
    else if (matchedSteps !== undefined && kept?.length !== paths.length) missing.push({ control, why: 'what the run could do by then is not there' });
    else controls.push({ control, right, ...(kept && { matched: { step: matchedSteps!, right: kept } }) });
  }
  return {
    folder, manifest: manifest.value, state, paths, controls, missing, ...(spread !== undefined && { spread }),
    labels: own.value.map(({ truth }) => truth[0] ?? -1), right: rightOf(own.value, spread),
  };
}

/** Of a run that died before it was judged. */
const neverMade: Verdict['missing'] = controlKinds.map((control) => ({ control, why: 'the run ended before it could run' }));

/** How right, by path: undefined unless the very same items were called. */
function rightOn(paths: readonly string[], outcomes: readonly ItemOutcome[], spread: number | undefined): number[] | undefined {
  const each = rightOf(outcomes, spread), of = new Map(outcomes.map(({ path }, i) => [path, each[i]!]));
  const right = paths.flatMap((path) => of.get(path) ?? []);
  return right.length === paths.length && of.size === paths.length ? right : undefined;
}

/** How right the run was at an earlier evaluation. */
const rightThen = (line: TraceLine | undefined, items: readonly ItemOutcome[], spread: number | undefined): number[] | undefined =>
  line && (line.said ? rightOf(line.said.map((said, i) => ({ truth: items[i]?.truth ?? [], said: [said] })), spread) : Array.from(line.right ?? '', Number));

/**
 * The verdict of a run: with the runs that repeat it with other seeds, if it has such. `missing`: why controls are not
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

/** The outcomes of `other` in the order of `head`'s items; undefined when it was tested on others. */
function aligned(head: StoredOutcome, other: StoredOutcome): StoredOutcome | undefined {
  if (other.manifest.dataFingerprint !== head.manifest.dataFingerprint || other.paths.length !== head.paths.length) return undefined;
  const at = new Map(other.paths.map((path, i) => [path, i])), order = head.paths.map((path) => at.get(path) ?? -1);
  if (order.includes(-1)) return undefined;
  const sorted = (right: ArrayLike<number>): number[] => order.map((i) => right[i]!);
  return {
    ...other, right: sorted(other.right),
    controls: other.controls.map((control) => ({ ...control, right: sorted(control.right), ...(control.matched && { matched: { ...control.matched, right: sorted(control.matched.right) } }) })),
  };
}

function budgetOf({ folder, state }: StoredOutcome, control: ControlKind): number | undefined {
  const { runId } = state.controls.find((each) => each.control === control) ?? {};
  const read = runId === undefined ? undefined : readManifest(runFolder(join(placeOf(folder).runs, runId)));
  return read?.ok ? read.value.budgetMs : undefined;
}
