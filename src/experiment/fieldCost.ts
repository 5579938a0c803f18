/** What keys do to time, memory and the cache, for hovers: by path, list items as `*`. Those that do nothing to speak of are left out. */
export const fieldCosts: Readonly<Record<string, string>> = {
  'stages.*.train': 'what lies before the first layer that trains runs once per photo and is cached; what lies behind it runs in every epoch, and its outputs stay in memory',
  'stages.*.epochs': 'time grows with it; with frozen features cached, an epoch of the head alone takes a moment',
  'stages.*.batchNorm': 'statistics of the batch make a step slower by a pass over every norm that trains',
  'stages.*.augment': 'each view runs through the frozen layers once and is cached: mirroring doubles that time and the cache, not the epochs',
  'features': 'what lies above the block is not run, held or saved: features, steps and controls take less time, and a head on fewer features is smaller',
  'batch': 'memory grows with it; a larger one makes fewer, longer steps',
  'controls': 'blind is free, knn takes seconds; linear-probe, random-features and scratch train, after the run',
  'scratchBudget': 'as much time again, after the run',
};

/** `stages.0.epochs` → of `stages.*.epochs`. */
export const fieldCost = (path: string): string | undefined => fieldCosts[path.replace(/\.\d+(?=\.|$)/g, '.*')];
