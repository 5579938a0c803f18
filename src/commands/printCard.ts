import { foldJournal } from '../runs/foldJournal.ts';
import { readManifest } from '../runs/manifest.ts';
import type { RunFolder } from '../runs/runFolder.ts';
import { endCard } from '../terminal/endCard.ts';
import { wrapped } from '../terminal/fit.ts';
import { ink, terminal } from './output.ts';
import { valueOf } from './problems.ts';

export async function printCard(folder: RunFolder): Promise<void> {
  const card = endCard(await foldJournal(folder, valueOf(readManifest(folder))), folder.id, ink);
  process.stdout.write(`\n${wrapped(card, Math.min(100, terminal({}).columns))}\n`);
}
