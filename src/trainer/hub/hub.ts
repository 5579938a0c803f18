/**
 * The few requests to a hub (Hugging Face's, or a mirror of its layout) that fetching a backbone takes: which commit a
 * revision is and what it holds, and what a file of it must be. docs/decisions/hub.md says why no client library.
 */
import { Refused } from '../../protocol/diagnostic.ts';
import { dictionary, fields, list, matching, optional, parsed, text } from '../../protocol/shape.ts';
import type { Guard } from '../../protocol/shape.ts';
import type { HubName } from '../../backbones/backboneName.ts';
import { get, HttpProblem, isAllowed, patience as usual, trying, type GetOptions, type Patience } from '../download/http.ts';
import { jsonOf } from './weightsFiles.ts';
import { hubFailed, transferProblem, type HubAddress } from './hubProblems.ts';

export interface Hub extends HubAddress {
  readonly patience?: Patience;
}

export interface Revision {
  /** 40 hex digits. */
  readonly commit: string;
  readonly files: readonly string[];
  readonly licence?: string;
}

/** What a file must be: `hex` is a sha256 of its content (64 digits), or git's own hash of it (40). */
export interface RemoteFile {
  readonly path: string;
  readonly address: URL;
  readonly hex: string;
  readonly sizeBytes: number;
}

const anything: Guard<unknown> = (value) => value;
interface RevisionAnswer {
  readonly sha: string;
  readonly siblings: readonly { readonly rfilename: string }[];
  readonly cardData?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
}
const revisionGuard = fields<RevisionAnswer>({
  sha: matching(/^[0-9a-f]{40}$/), siblings: list(fields<{ readonly rfilename: string }>({ rfilename: text })),
  cardData: optional(dictionary(anything)), tags: optional(list(text)),
});

/** Longest answer that is read whole; a repository may hold some thousand files. */
const answerBytes = 16 << 20;

/** Throws Refused when the hub does not show it, or cannot be asked. */
export async function readRevision(hub: Hub, name: HubName, signal?: AbortSignal): Promise<Revision> {
  const { repo, revision } = name;
  const { body } = await asked(hub, name, `/api/models/${repo}/revision/${encodeURIComponent(revision)}`, {}, signal);
  const read = parsed(revisionGuard, jsonOf(body));
  if (!read.ok) throw new Refused([hubFailed(hub, `answers something else than a repository's contents (${read.note})`)]);
  const { sha: commit, siblings, cardData, tags = [] } = read.value;
  const licence = typeof cardData?.['license'] === 'string' ? cardData['license'] : tags.find((tag) => tag.startsWith('license:'))?.slice('license:'.length);
  return { commit, files: siblings.map(({ rfilename }) => rfilename), ...(licence !== undefined && { licence }) };
}

/** A small file, whole. name: at a commit. */
export const readSmallFile = async (hub: Hub, name: HubName, path: string, signal?: AbortSignal): Promise<string> =>
  (await asked(hub, name, pathOf(name, path), {}, signal)).body;

/** Size and hash of a file as the hub itself says, before any of its content servers is asked. */
export async function lookUpFile(hub: Hub, name: HubName, path: string, signal?: AbortSignal): Promise<RemoteFile> {
  const { headers } = await asked(hub, name, pathOf(name, path), { method: 'HEAD', stayAtServer: true }, signal);
  const hex = /^(?:W\/)?"?([0-9a-f]{40}|[0-9a-f]{64})"?$/.exec(String(headers['x-linked-etag'] ?? headers['etag']))?.[1];
  const sizeBytes = Number(headers['x-linked-size'] ?? headers['content-length'] ?? NaN);
  if (hex === undefined || !Number.isSafeInteger(sizeBytes)) throw new Refused([hubFailed(hub, `does not say size and hash of ${path}, so that it could not be checked`)]);
  return { path, address: new URL(`${hub.endpoint}${pathOf(name, path)}`), hex, sizeBytes };
}

const pathOf = ({ repo, revision }: HubName, path: string): string =>
  `/${repo}/resolve/${encodeURIComponent(revision)}/${path.split('/').map(encodeURIComponent).join('/')}`;

export const authorizationOf = ({ token }: Hub): string | undefined => token === undefined ? undefined : `Bearer ${token}`;

interface Said {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** One question. A hub that refuses, or cannot be reached, is told in words. */
async function asked(hub: Hub, name: HubName, path: string, options: Pick<GetOptions, 'method' | 'stayAtServer'>, signal: AbortSignal | undefined): Promise<Said> {
  const { patience = usual } = hub;
  if (!URL.canParse(hub.endpoint) || !isAllowed(new URL(hub.endpoint))) throw new Refused([hubFailed(hub, 'is no https address: what comes from there, and a token that goes there, could be read by anybody')]);
  try {
    return await trying({ patience, signal }, async () => {
      const { headers, body } = await get(new URL(`${hub.endpoint}${path}`), { ...options, authorization: authorizationOf(hub), signal, stallMs: patience.stallMs });
      const chunks: Buffer[] = [];
      let sizeBytes = 0;
      for await (const chunk of body) {
        if ((sizeBytes += chunk.length) > answerBytes) throw new HttpProblem(`${hub.endpoint} sends more than an answer may have`);
        chunks.push(chunk);
      }
      return { headers, body: Buffer.concat(chunks).toString('utf8') };
    });
  } catch (error) {
    throw transferProblem(hub, name, error);
  }
}
