import type { RunManifest } from '../protocol/runManifest.ts';
import { readOutcomes, type ItemOutcome } from './outcomes.ts';
import type { RunFolder } from './runFolder.ts';

/** Runs of one variant, one for each seed, and what they were found to do. */
export interface RunsOfVariant {
  readonly name: string;
  readonly runs: readonly string[];
  readonly scores: readonly { readonly validationLoss?: number; readonly validation?: number; readonly test?: number }[];
  /** Of each run, in the order of the first run's items; left out where not all were tested, or not on the same items. */
  readonly answers?: readonly (readonly ItemOutcome[])[];
}

export interface StoredMember {
  readonly folder: RunFolder;
  readonly manifest: RunManifest;
}

/** The variants of a sweep, in the order in which they run. `withAnswers`: what they said of each test item, too. */
export function variantsOf(members: readonly StoredMember[], withAnswers: boolean): RunsOfVariant[] {
  const inOrder = [...members].sort((a, b) => (a.manifest.sweep?.place ?? 0) - (b.manifest.sweep?.place ?? 0));
  const heads = inOrder.filter(({ manifest: { seedOf } }) => !inOrder.some(({ manifest }) => manifest.id === seedOf)), [first] = inOrder.filter(({ manifest }) => manifest.test);
  const order = withAnswers && first ? itemsOf(first)?.map(({ path }) => path) : undefined;
  return heads.map((head) => {
    const own = [head, ...inOrder.filter(({ manifest }) => manifest.seedOf === head.manifest.id)], name = head.manifest.sweep?.name ?? head.manifest.title;
    const answers = order && own.map((member) => member.manifest.dataFingerprint === first!.manifest.dataFingerprint ? inOrderOf(order, itemsOf(member)) : undefined);
    return {
      name: own.length > 1 ? name.replace(/(?:^| · )seed \d+$/, '') : name, runs: own.map(({ manifest }) => manifest.id),
      scores: own.map(({ manifest: { best, test } }) => ({ ...(best && { validationLoss: best.validationLoss, validation: best.validationAccuracy }), ...(test && { test: test.value }) })),
      ...(answers?.every((each) => each !== undefined) && { answers }),
    };
  });
}

function itemsOf({ folder, manifest: { test, task } }: StoredMember): readonly ItemOutcome[] | undefined {
  const read = test && readOutcomes(folder, 'test', task);
  return read?.ok ? read.value : undefined;
}

function inOrderOf(paths: readonly string[], items: readonly ItemOutcome[] = []): readonly ItemOutcome[] | undefined {
  const at = new Map(items.map((item) => [item.path, item])), found = paths.flatMap((path) => at.get(path) ?? []);
  return found.length === paths.length && items.length === paths.length ? found : undefined;
}
