import type { CardInput } from '../../../backbones/card.ts';
import type { FoundFile, Scan } from '../../../data/sample.ts';
import { prepared } from '../../../data/prepare.ts';

/** Pixels of at most `count` files, spread evenly over the list, so that all classes are among them; bad files are passed over. */
export async function somePhotos({ folder, files }: Pick<Scan, 'folder'> & { readonly files: readonly FoundFile[] }, input: CardInput, count: number, signal: AbortSignal): Promise<readonly Uint8Array[]> {
  const views: Uint8Array[] = [], step = Math.max(1, files.length / count), chosen = files.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
  for await (const item of prepared({ folder, files: chosen.slice(0, count) }, input, ['centre'], { signal })) if (!('problem' in item)) views.push(item.views!.get('centre')!);
  return views;
}
