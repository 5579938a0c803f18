/** Eight letters and digits that no other process will choose: for names of files with one writer. Never for results: those come from rng. */
export const uniqueId = (): string => globalThis.crypto.randomUUID().slice(0, 8);
