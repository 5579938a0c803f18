/** Index pairs of the same picture. */
export function* nearPairs(hashes: readonly (readonly string[])[]): Generator<readonly [number, number]> {
  const first = new Map<string, number>();
  for (const [index, [hash]] of hashes.entries()) {
    if (hash === undefined) continue;
    const same = first.get(hash);
    if (same === undefined) first.set(hash, index);
    else yield [same, index];
  }
}
