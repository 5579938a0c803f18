import * as vscode from 'vscode';
import { bytes } from '../base/units.ts';
import { Refused } from '../protocol/diagnostic.ts';
import type { Homes } from './homes.ts';
import { plain } from './plainText.ts';

/** *Clear Feature Cache*: what each workspace folder keeps and how large it is; what is ticked goes. Throws Refused while a run uses it. */
export async function clearFeatureCache(homes: Homes): Promise<void> {
  const items = homes.all().flatMap((host) => host.cachedFeatures().map(({ key, title, sizeBytes, usedAt }) =>
    ({ label: plain(title), description: `${bytes(sizeBytes)} · used ${new Date(usedAt).toLocaleString()}`, picked: true, host, key, sizeBytes })));
  if (items.length === 0) return void vscode.window.showInformationMessage('The feature cache is empty.');
  const sum = items.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  const chosen = await vscode.window.showQuickPick(items, {
    canPickMany: true, title: `Clear Feature Cache: ${bytes(sum)}`, placeHolder: 'What is ticked is removed from the disk, and computed again when a run wants it',
  });
  let freed = 0;
  for (const host of new Set(chosen?.map((item) => item.host))) {
    const cleared = host.clearFeatures(chosen!.filter((item) => item.host === host).map(({ key }) => key));
    if (!cleared.ok) throw new Refused(cleared.errors);
    freed += cleared.value;
  }
  if (freed > 0) void vscode.window.showInformationMessage(`${bytes(freed)} freed.`);
}
