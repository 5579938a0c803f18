/**
 * 32-bit checksum of bytes, a word at a time (the rounds and finish of MurmurHash3, Austin Appleby): some 2 GB/s in
 * plain JavaScript, a few times a table-driven CRC. Each round is invertible, so a change within one word never goes
 * unseen; any other damage does with chance 2⁻³². Against accidents, not against malice.
 */
export function checksum(bytes: Uint8Array, seed = 0): number {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >>> 2);
  let hash = seed | 0;
  for (let i = 0; i < words.length; i++) hash = mix(hash, words[i]!);
  for (let i = words.length * 4; i < aligned.length; i++) hash = mix(hash, aligned[i]!);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}
