/** Whether a file's name is one that lists of photos have. */
export const isManifestName = (path: string): boolean => /\.(csv|tsv|jsonl|ndjson)$/i.test(path);

/** The name that an experiment on it begins with: `labels.csv` → `labels`; a folder's own. */
export const experimentBase = (path: string): string => isManifestName(path) ? path.replace(/\.[^.]+$/, '') : path;
