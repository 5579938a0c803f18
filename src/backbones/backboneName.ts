import type { Checked } from '../protocol/diagnostic.ts';

/** What the word after `backbone:` may stand for. */
export type BackboneName =
  | { readonly kind: 'bundled'; readonly name: string }
  | HubName
  /** Holds config.json and safetensors; relative to the experiment file until the plan is resolved. */
  | { readonly kind: 'folder'; readonly folder: string };

/** A repository on a hub, at a branch, tag or commit. */
export interface HubName {
  readonly kind: 'hub';
  /** `timm/resnet50.a1_in1k`. */
  readonly repo: string;
  readonly revision: string;
}

export const mainRevision = 'main';

/** Longer texts are no names; patterns need not look at them. */
const longest = 300;
/** What hubs allow: letters, digits, `-`, `_`, `.`, at most 96, none of `-.` at either end, no `--` or `..`. */
const part = /^(?!.*(?:--|\.\.))[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?$/;
const revisionName = /^(?!.*(?:\.\.|\/\/))\w[\w.-]*(?:\/[\w.-]+)*$/;

/** `efficientnet_lite0` · `hf:owner/name` · `hf:owner/name@revision` · `./folder`. */
export function parseBackboneName(written: string): Checked<BackboneName> {
  if (isFolder(written)) return { ok: true, value: { kind: 'folder', folder: written }, warnings: [] };
  if (!/^hf:/i.test(written)) return { ok: true, value: { kind: 'bundled', name: written }, warnings: [] };
  const [repo = '', revision = mainRevision, ...more] = written.slice(0, longest).slice(3).split('@');
  const parts = repo.split('/');
  if (written.startsWith('hf:') && more.length === 0 && parts.length === 2 && parts.every((each) => part.test(each)) && revisionName.test(revision)) {
    return { ok: true, value: { kind: 'hub', repo, revision }, warnings: [] };
  }
  const shown = JSON.stringify(written.length > 60 ? `${written.slice(0, 60)}…` : written);
  return { ok: false, warnings: [], errors: [{ code: 'unknown-backbone', severity: 'error', message: `${shown} is not the name of a repository on a hub`, fix: 'write hf:owner/name, or hf:owner/name@revision' }] };
}

export const isFolder = (written: string): boolean => /^(?:\.{1,2}(?:[\\/]|$)|[\\/]|[A-Za-z]:[\\/])/.test(written);

/** As it is written: `hf:timm/resnet50.a1_in1k@v2`. */
export const hubText = ({ repo, revision }: Pick<HubName, 'repo' | 'revision'>): string =>
  revision === mainRevision ? `hf:${repo}` : `hf:${repo}@${revision}`;

/** What brings damaged or missing weights back. */
export function repairOf(name: string): string {
  if (isFolder(name)) return 'put the files of the folder back';
  return name.startsWith('hf:') ? `fetch them again: thaw models add ${name}` : 'reinstall Thaw';
}
