import type { FoundFile } from '../sample.ts';

/**
 * What splits and subsets are balanced by where images have no class: the rarest of their labels (an image stands for
 * the label that can least spare it), or the fifth of the numbers that theirs lies in.
 */
export function withStrata(files: readonly FoundFile[]): readonly FoundFile[] {
  if (files.some(({ target }) => target !== undefined)) return byFifths(files);
  return files.some(({ labels }) => labels !== undefined) ? byRarestLabel(files) : files;
}

function byRarestLabel(files: readonly FoundFile[]): readonly FoundFile[] {
  const counts = new Map<string, number>();
  for (const { labels = [] } of files) for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return files.map((file) => ({ ...file, stratum: file.labels!.reduce((rarest, label) => rarest === '' || counts.get(label)! < counts.get(rarest)! ? label : rarest, '') }));
}

function byFifths(files: readonly FoundFile[]): readonly FoundFile[] {
  const sorted = files.map(({ target }) => target!).sort((a, b) => a - b);
  const limits = [0.2, 0.4, 0.6, 0.8].map((share) => sorted[Math.floor(share * sorted.length)]!);
  return files.map((file) => ({ ...file, stratum: `fifth ${limits.filter((limit) => file.target! >= limit).length + 1}` }));
}
