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
  const coarse = wordsOf(owners.map((index) => hashes[index]![0]!), bandBits);
  const fine = wordsOf(owners.map((index) => hashes[index]![1]!), bandBits);
  const seenBy = new Int32Array(owners.length).fill(-1); // last picture that a candidate was compared with
  const tables = Array.from({ length: bands }, (_, band) => bucketsOf(coarse, band));
  for (let one = 0; one < owners.length; one++) {
    for (const [band, { starts, members }] of tables.entries()) {
      const own = coarse.words[one * bands + band]!;
      for (const flip of flips) {
        const bucket = own ^ flip;
        for (let at = starts[bucket]!; at < starts[bucket + 1]!; at++) {
          const other = members[at]!;
          if (other >= one) break; // members are in ascending order
          if (seenBy[other] === one) continue;
          seenBy[other] = one;
          if (differing(coarse, one, other) <= mostCoarseBits && differing(fine, one, other) <= mostFineBits) yield [owners[other]!, owners[one]!];
        }
      }
    }
  }
}

/** Hashes of one length as 16-bit words, one after the other. */
interface Words {
  readonly words: Uint16Array;
  readonly perHash: number;
}

function wordsOf(hashes: readonly string[], wordBits: number): Words {
  const digits = wordBits / 4, perHash = (hashes[0]?.length ?? 0) / digits;
  const words = new Uint16Array(hashes.length * perHash);
  for (const [index, hash] of hashes.entries()) {
    for (let word = 0; word < perHash; word++) words[index * perHash + word] = parseInt(hash.slice(word * digits, (word + 1) * digits), 16);
  }
  return { words, perHash };
}

/** Hashes by their word in one band: those of bucket b are members[starts[b] … starts[b + 1]). */
function bucketsOf({ words }: Words, band: number): { readonly starts: Int32Array; readonly members: Int32Array } {
  const count = words.length / bands, starts = new Int32Array(buckets + 1), members = new Int32Array(count);
  for (let index = 0; index < count; index++) starts[words[index * bands + band]! + 1]!++;
  for (let bucket = 0; bucket < buckets; bucket++) starts[bucket + 1]! += starts[bucket]!;
  const next = starts.slice();
  for (let index = 0; index < count; index++) members[next[words[index * bands + band]!]!++] = index;
  return { starts, members };
}

const bitCounts = Uint8Array.from({ length: buckets }, (_, word) => { let count = 0; for (let rest = word; rest > 0; rest &= rest - 1) count++; return count; });

/** Words with at most 2 bits set: what to flip to reach every bucket within that distance. */
const flips = Uint16Array.from([...bitCounts.keys()].filter((word) => bitCounts[word]! <= 2));

function differing({ words, perHash }: Words, one: number, other: number): number {
  let count = 0;
  for (let word = 0; word < perHash; word++) count += bitCounts[words[one * perHash + word]! ^ words[other * perHash + word]!]!;
  return count;
}
