/** The candidate nearest to what was written (optimal string alignment distance; of equals the one nearest in its numbers), or undefined when none is near. */
export function suggest(written: string, candidates: Iterable<string>): string | undefined {
  const limit = Math.max(1, Math.floor(written.length / 3));
  let best: string | undefined, bestDistance = limit + 1;
  for (const candidate of candidates) {
    const distance = editDistance(written.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance || (distance === bestDistance && best !== undefined && apart(written, candidate) < apart(written, best))) { best = candidate; bestDistance = distance; }
  }
  return best;
}

/** Of `blocks.7`, `blocks.6` is nearer than `blocks.0`. */
function apart(a: string, b: string): number {
  const one: readonly string[] = a.match(/\d+/g) ?? [], other: readonly string[] = b.match(/\d+/g) ?? [];
  return one.length !== other.length ? Infinity : one.reduce((sum, number, i) => sum + Math.abs(Number(number) - Number(other[i])), 0);
}

function editDistance(a: string, b: string): number {
  let before: number[] = [], previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}
