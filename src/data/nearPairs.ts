/**
 * Which of many pictures are nearly the same, by their hashes (perceptualHash.ts), without comparing all with all:
 * the coarse hash is cut into 4 bands of 16 bits; two hashes that differ in at most 11 bits differ in at most 2 bits of
 * some band (Norouzi et al. 2012, "Multi-Index Hashing"), so only the 137 buckets near its own are looked at per band.
 * Measured limits: of the near-duplicates in test/fixtures/dirty (quality 40, small, cropped by 2 % a side, brighter, PNG)
 * all stay within 10 coarse and 29 fine bits; of 660,000 pairs of different photos (recycling6, flowers5, hymenoptera)
 * none comes within both limits.
 */
const mostCoarseBits = 11;
const mostFineBits = 36;

const bands = 4, bandBits = 16, buckets = 1 << bandBits;

/** Index pairs [smaller, larger], each once. `hashes`: [coarse, fine], or none for a picture that matches nothing. */
export function* nearPairs(hashes: readonly (readonly string[])[]): Generator<readonly [number, number]> {
  const owners = [...hashes.keys()].filter((index) => hashes[index]!.length === 2);
  const coarse = wordsOf(owners.map((index) => hashes[index]![0]!)), fine = wordsOf(owners.map((index) => hashes[index]![1]!));
  for (const [one, other] of coarsePairs(coarse.words)) {
    if (differing(fine, one, other) <= mostFineBits) yield [owners[other]!, owners[one]!];
  }
}

/** Pairs [larger, smaller] within the coarse limit, each once. `words`: [pictures, bands]. */
function* coarsePairs(words: Uint16Array): Generator<readonly [number, number]> {
  const count = words.length / bands;
  for (let band = 0; band < bands; band++) {
    const { starts, members, copies } = bucketsOf(words, band);
    for (let one = 0; one < count; one++) {
      const own = words.subarray(one * bands, (one + 1) * bands), a = own[0]!, b = own[1]!, c = own[2]!, d = own[3]!;
      for (const flip of flips) {
        const bucket = own[band]! ^ flip, end = starts[bucket + 1]!;
        for (let at = starts[bucket]!; at < end && members[at]! < one; at++) { // members are in ascending order
          const copy = at * bands;
          const bits = bitCounts[a ^ copies[copy]!]! + bitCounts[b ^ copies[copy + 1]!]! + bitCounts[c ^ copies[copy + 2]!]! + bitCounts[d ^ copies[copy + 3]!]!;
          if (bits <= mostCoarseBits && isFirstBand(own, copies, copy, band)) yield [one, members[at]!];
        }
      }
    }
  }
}

/** Whether no earlier band has already brought this pair together. */
function isFirstBand(own: Uint16Array, copies: Uint16Array, copy: number, band: number): boolean {
  for (let earlier = 0; earlier < band; earlier++) if (bitCounts[own[earlier]! ^ copies[copy + earlier]!]! <= 2) return false;
  return true;
}

/** Hashes of one length as 16-bit words, one after the other. */
interface Words {
  readonly words: Uint16Array;
  readonly perHash: number;
}

function wordsOf(hashes: readonly string[]): Words {
  const digits = bandBits / 4, perHash = (hashes[0]?.length ?? 0) / digits;
  const words = new Uint16Array(hashes.length * perHash);
  for (const [index, hash] of hashes.entries()) {
    for (let word = 0; word < perHash; word++) words[index * perHash + word] = parseInt(hash.slice(word * digits, (word + 1) * digits), 16);
  }
  return { words, perHash };
}

/** Hashes by their word in one band: those of bucket b are members[starts[b] … starts[b + 1]), with their words beside them. */
function bucketsOf(words: Uint16Array, band: number): { readonly starts: Int32Array; readonly members: Int32Array; readonly copies: Uint16Array } {
  const count = words.length / bands, starts = new Int32Array(buckets + 1), members = new Int32Array(count), copies = new Uint16Array(words.length);
  for (let index = 0; index < count; index++) starts[words[index * bands + band]! + 1]!++;
  for (let bucket = 0; bucket < buckets; bucket++) starts[bucket + 1]! += starts[bucket]!;
  const next = starts.slice();
  for (let index = 0; index < count; index++) {
    const at = next[words[index * bands + band]!]!++;
    members[at] = index;
    copies.set(words.subarray(index * bands, (index + 1) * bands), at * bands); // in bucket order, the search reads memory in a row
  }
  return { starts, members, copies };
}

const bitCounts = new Uint8Array(buckets);
for (let word = 1; word < buckets; word++) bitCounts[word] = bitCounts[word >> 1]! + (word & 1);

/** Words with at most 2 bits set: what to flip to reach every bucket within that distance. */
const flips = Uint16Array.from([...bitCounts.keys()].filter((word) => bitCounts[word]! <= 2));

function differing({ words, perHash }: Words, one: number, other: number): number {
  let count = 0;
  for (let word = 0; word < perHash; word++) count += bitCounts[words[one * perHash + word]! ^ words[other * perHash + word]!]!;
  return count;
}
