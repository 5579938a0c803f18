/** What can keep weights from being fetched, and what to do then. */
import { about, bytes } from '../../base/units.ts';
import { hubText, mainRevision, type HubName } from '../../backbones/backboneName.ts';
import { Refused, type Diagnostic } from '../../protocol/diagnostic.ts';
import { WrongContent } from '../download/download.ts';
import { HttpProblem } from '../download/http.ts';

/** Which hub, and as whom. The token is sent to the hub alone and stands in no file, message or log. */
export interface HubAddress {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token?: string;
}

const setToken = 'set a token: HF_TOKEN, or the command Set Hub Token in the editor';

export const hubFailed = ({ endpoint }: HubAddress, what: string): Diagnostic =>
  ({ code: 'hub-failed', severity: 'error', message: `${endpoint} ${what}`, fix: 'check the hub\'s address: HF_ENDPOINT, or the setting thaw.hub.endpoint' });

/** A refusal. Hubs say more in `X-Error-Code` than in the status: a repository that is not there is a 401 to strangers. */
function refusalOf(hub: HubAddress, name: HubName, { status, headers }: HttpProblem): Diagnostic {
  const { repo, revision } = name, reason = headers['x-error-code'], page = `${hub.endpoint}/${repo}`, known = hub.token !== undefined;
  if (reason === 'GatedRepo') {
    return {
      code: 'hub-gated', severity: 'error', message: `${repo} is open only to those who have accepted its terms`,
      fix: `accept them at ${page}${known ? ' with the account of your token' : `, then ${setToken}`}`,
    };
  }
  if (reason === 'RevisionNotFound') {
    return { code: 'hub-not-found', severity: 'error', message: `${repo} has no revision "${revision}"`, fix: revision === mainRevision ? `look at ${page}` : `leave "@${revision}" out for the newest` };
  }
  if (reason === 'EntryNotFound') return hubFailed(hub, `does not have a file that it lists for ${repo}`);
  if ((status === 401 || status === 403) && known) {
    return { code: 'hub-gated', severity: 'error', message: `the hub does not show ${repo} to the owner of this token (${status})`, fix: `check the name; a token must be valid and may need the right to read this repository: ${page}` };
  }
  if (status === 401 || status === 403 || status === 404) {
    return { code: 'hub-not-found', severity: 'error', message: `the hub shows no ${repo}: it does not exist, or it is private`, fix: `check the name; for a private one, ${setToken}` };
  }
  return hubFailed(hub, `answers ${status ?? 'nothing'} for ${repo}`);
}

/** What was thrown while something was fetched, in words where it is the network's; all else as it is. */
export function transferProblem(hub: HubAddress, name: HubName, error: unknown): unknown {
  const written = hubText(name);
  if (error instanceof WrongContent) return new Refused([{ code: 'bad-download', severity: 'error', message: `${written}: ${error.message}`, fix: 'try again; a mirror or a proxy that alters files does this, too' }]);
  if (!(error instanceof HttpProblem)) return error;
  const { status, passing, retryAfterMs, message } = error;
  if (status !== undefined && !passing) return new Refused([refusalOf(hub, name, error)]);
  if (status !== undefined) {
    return new Refused([{
      code: 'hub-busy', severity: 'error', message: `the hub is busy: ${message}${retryAfterMs > 0 ? `, and asks to wait ${about(retryAfterMs)}` : ''}`,
      fix: `try again later${status === 429 && hub.token === undefined ? `; it allows more to those it knows: ${setToken}` : ''}`,
    }]);
  }
  return new Refused([{
    code: 'hub-unreachable', severity: 'error', message: `${written} is not in the cache, and the hub cannot be reached: ${message}`,
    fix: 'check the network and try again: what has come so far is kept; behind a wall, set HF_ENDPOINT (thaw.hub.endpoint) to a mirror, or name a folder with the files',
  }]);
}

export const noConfig = (name: HubName): Diagnostic =>
  ({ code: 'backbone-unsupported', severity: 'error', message: `${hubText(name)} has no config.json: nothing says which architecture it is of`, fix: 'choose a repository of timm\'s: hf:timm/…' });

export const noSafetensors = (name: HubName, files: readonly string[]): Diagnostic => {
  const others = files.filter((file) => /\.(?:bin|pth|pt|ckpt|npz|h5|onnx|safetensors)$/.test(file));
  return {
    code: 'weights-missing', severity: 'error',
    message: `${hubText(name)} has no model.safetensors${others.length > 0 ? ` (it has ${others.slice(0, 3).join(', ')})` : ''}`,
    fix: 'choose another repository; weights of other formats can run programs when they are read, so Thaw does not: convert them and name the folder',
  };
};

export const tooLittleSpace = (neededBytes: number, freeBytes: number, folder: string): Diagnostic => ({
  code: 'disk-full', severity: 'error', message: `${bytes(neededBytes)} are still to be fetched; ${bytes(freeBytes)} are free`,
  fix: 'free some space (`thaw models list` shows what is cached), or set THAW_CACHE to a folder on another disk', where: { file: folder },
});
