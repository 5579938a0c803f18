import { grouped } from '../base/grouped.ts';
import { codePoints } from '../base/order.ts';
import type { Diagnostic, DiagnosticCode } from '../protocol/diagnostic.ts';
import { nearPairs } from './nearPairs.ts';
import type { Sample, SampleId, Split } from './sample.ts';

export interface Duplicates {
  /** The samples to go on with, in their order, each with its duplicate group if it has one. */
  readonly samples: readonly Sample[];
  /** What is set aside: further copies of a file, and the same file under two classes. */
  readonly leftOut: ReadonlyMap<SampleId, Diagnostic>;
  /** One per file, those of `leftOut` among them. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Finds the same file (by sha256) and the same picture (by perceptual hash) under several names. Of equal files in one
 * class (and given split) the first by name is kept; equal files in two classes contradict each other and are all left
 * out; near-duplicates are kept and grouped, so that no split parts them. Nothing is touched on disk.
 */
export function findDuplicates(samples: readonly Sample[]): Duplicates {
  const sorted = [...samples].sort((a, b) => codePoints(a.id, b.id));
  const leftOut = new Map<SampleId, Diagnostic>();
  const diagnostics: Diagnostic[] = [];
  for (const copies of grouped(sorted, ({ facts }) => facts.sha256).values()) if (copies.length > 1) setAside(copies, leftOut, diagnostics);
  const kept = samples.filter(({ id }) => !leftOut.has(id));
  const groupOf = new Map<SampleId, string>();
  for (const members of nearGroups(kept)) {
    for (const { id } of members) groupOf.set(id, members[0]!.id);
    diagnostics.push(...aboutGroup(members));
  }
  return {
    samples: kept.map((sample) => groupOf.has(sample.id) ? { ...sample, duplicateGroup: groupOf.get(sample.id)! } : sample),
    leftOut,
    diagnostics: [...leftOut.values(), ...diagnostics],
  };
}

function setAside(copies: readonly Sample[], leftOut: Map<SampleId, Diagnostic>, diagnostics: Diagnostic[]): void {
  const classes = labelsOf(copies);
  if (classes.length > 1) {
    for (const copy of copies) leftOut.set(copy.id, warning('duplicate-conflict', copy, copies, `the same file stands in ${classes.length} classes (${classes.join(', ')})`, 'left out', 'keep it in one of them'));
    return;
  }
  for (const [split, ofSplit] of grouped(copies, ({ givenSplit }) => givenSplit)) {
    const [first, ...further] = ofSplit;
    for (const copy of further) leftOut.set(copy.id, warning('duplicate', copy, [first!], 'the same file', 'counted once'));
    if (copies.some(({ givenSplit }) => givenSplit !== split)) diagnostics.push(leakOf(first!, copies, 'the same file'));
  }
}

/** Diagnostics of one group of near-duplicates, one per member. */
function aboutGroup(members: readonly Sample[]): Diagnostic[] {
  const classes = labelsOf(members);
  return members.flatMap((member) => [
    classes.length > 1
      ? warning('near-duplicate-conflict', member, members, `almost the same picture stands in ${classes.length} classes (${classes.join(', ')})`, 'used, in one split', 'keep it in one of them')
      : warning('near-duplicate', member, members, 'almost the same picture', 'used, in one split'),
    ...members.some(({ givenSplit }) => givenSplit !== member.givenSplit) ? [leakOf(member, members, 'almost the same picture')] : [],
  ]);
}

/** The folder's own splits are kept, and so is the leak between them. */
function leakOf(sample: Sample, members: readonly Sample[], what: string): Diagnostic {
  const elsewhere = members.filter(({ givenSplit }) => givenSplit !== sample.givenSplit);
  const splits = [...new Set(elsewhere.map(({ givenSplit }) => givenSplit as Split))];
  return warning('leak', sample, elsewhere, `${what} is in ${String(sample.givenSplit)} and ${splits.join(', ')}`, 'scores will look better than they are', 'remove it from one of them');
}

function warning(code: DiagnosticCode, sample: Sample, members: readonly Sample[], what: string, done: string, fix?: string): Diagnostic {
  const others = members.filter(({ id }) => id !== sample.id).map(({ id }) => JSON.stringify(id));
  const named = others.length > 3 ? `${others.slice(0, 3).join(', ')} and ${others.length - 3} more` : others.join(', ');
  return { code, severity: 'warning', message: `${what} as ${named}: ${done}`, ...(fix !== undefined && { fix }), where: { file: sample.id } };
}

const labelsOf = (samples: readonly Sample[]): string[] => [...new Set(samples.map(({ label }) => JSON.stringify(label)))].sort(codePoints);

/** Connected components of the near pairs, members in the order of `samples`. */
function nearGroups(samples: readonly Sample[]): Sample[][] {
  const leader = Int32Array.from(samples, (_, index) => index);
  const leaderOf = (index: number): number => {
    while (leader[index] !== index) index = leader[index] = leader[leader[index]!]!;
    return index;
  };
  for (const [a, b] of nearPairs(samples.map(({ facts }) => facts.hashes))) {
    const first = leaderOf(a), second = leaderOf(b);
    leader[Math.max(first, second)] = Math.min(first, second);
  }
  return [...grouped(samples.keys(), leaderOf).values()].filter(({ length }) => length > 1).map((members) => members.map((index) => samples[index]!));
}
