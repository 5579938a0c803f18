/** The source class that a folder's name means: its place among the labels. `several`: more than one is called so. */
export function sourceClassOf(name: string, labels: readonly string[]): number | 'none' | 'several' {
  for (const meant of [plain(name), ...singulars(plain(name))]) {
    const found = labels.flatMap((label, i) => label.split(',').some((synonym) => plain(synonym) === meant) ? [i] : []);
    if (found.length > 0) return found.length === 1 ? found[0]! : 'several';
  }
  return 'none';
}

/** "Tinca_tinca" and "tinca tinca" are one name. */
const plain = (name: string): string => name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/[\s_-]+/g, ' ').trim();

/** People call a folder by many of what is in it. */
const singulars = (name: string): readonly string[] => [/ies$/.test(name) ? name.replace(/ies$/, 'y') : '', name.replace(/es$/, ''), name.replace(/s$/, '')].filter((each) => each !== '' && each !== name);
