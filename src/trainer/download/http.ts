/**
 * One request, as whoever fetches large files needs it: ranges, redirects within one scheme, the environment's proxies, credentials that
 * stand in the address, and no waiting for a server that has fallen silent. Plain http is for this machine only: what
 * comes over it could be anybody's.
 */
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';

export interface Patience {
  /** A server that sends less than `slowBytes` in so long counts as gone. */
  readonly stallMs: number;
  /** Pauses between tries, ended by giving up; any progress begins anew. */
  readonly pausesMs: readonly number[];
}

export const patience: Patience = { stallMs: 30_000, pausesMs: [500, 1000, 2000, 4000, 8000, 16_000] };

/** Where nobody has answered yet, nobody may be: whoever works offline waits for so many tries only. */
const knocks = 2;

const slowBytes = 1024, mostRedirects = 5, longestPauseMs = 60_000;

/** What a server, or the way to it, did wrong. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number | undefined;
  /** It may pass: worth another try. */
  readonly passing: boolean;
  /** There was no connection at all. */
  readonly unreached: boolean;
  readonly retryAfterMs: number;
  /** Of the answer, when there was one: some servers say there what they mean. */
  readonly headers: http.IncomingHttpHeaders;

  constructor(message: string, { status, passing = false, unreached = false, retryAfterMs = 0, headers = {} }: { readonly status?: number; readonly passing?: boolean; readonly unreached?: boolean; readonly retryAfterMs?: number; readonly headers?: http.IncomingHttpHeaders } = {}) {
    super(message);
    this.headers = headers;
    this.status = status;
    this.passing = passing;
    this.unreached = unreached;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Where it came from, redirects followed. */
  readonly address: URL;
  readonly body: AsyncIterable<Buffer>;
  /** For a body that nobody reads. */
  drop(): void;
}

export interface GetOptions {
  readonly method?: 'GET' | 'HEAD';
  /** For the server that is asked alone, wherever it points to; else what stands in the address. */
  readonly authorization?: string | undefined;
  /** A redirect to another server is the reply: for questions about a file, which who has its content need not answer. */
  readonly stayAtServer?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  readonly stallMs: number;
}

/** Whether bytes may come from there: https, or this machine. */
export const isAllowed = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname));

/** An address as it may be shown: without credentials and signatures. */
export const shown = ({ origin, pathname }: URL): string => `${origin}${pathname}`;

/** Resolves with a 2xx (or see `stayAtServer`); everything else rejects with HttpProblem, or with the signal's reason. */
export async function get(address: URL, options: GetOptions): Promise<Reply> {
  let authorization = options.authorization ?? authorizationOf(address), at = address;
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const response = await once(at, { ...options, headers: { 'accept-encoding': 'identity', ...options.headers, ...(authorization && { authorization }) } });
    const status = response.statusCode ?? 0, { location } = response.headers;
    if (status >= 200 && status < 300) return { status, headers: response.headers, address: at, body: watched(response, at, options), drop: () => void response.destroy() };
    response.destroy();
    if (![301, 302, 303, 307, 308].includes(status) || location === undefined) throw refusal(at, status, response.headers);
    const next = URL.canParse(location, at.href) ? new URL(location, at) : undefined;
    if (next && options.stayAtServer && next.origin !== at.origin) return { status, headers: response.headers, address: at, body: nothing(), drop: () => undefined };
    if (!next || next.protocol !== at.protocol || !isAllowed(next)) throw new HttpProblem(`${shown(at)} redirects to ${next ? `${next.protocol}//${next.host}` : 'nowhere'}, which is refused`);
    if (next.origin !== at.origin) authorization = undefined; // credentials are for the server that was named
    authorization = authorizationOf(next) ?? authorization;
    at = next;
  }
  throw new HttpProblem(`${shown(address)} redirects more than ${mostRedirects} times`);
}

/** Does `work` until it succeeds, or fails in a way that cannot pass, or too often. */
export async function trying<T>({ patience: how, signal }: { readonly patience: Patience; readonly signal?: AbortSignal | undefined }, work: () => Promise<T>): Promise<T> {
  for (const tries = new Tries(how, signal); ;) {
    try {
      return await work();
    } catch (error) {
      await tries.after(error);
    }
  }
}

async function* nothing(): AsyncGenerator<Buffer> {
  // a reply without content
}

/** Waits before another try, or throws what cannot pass, has happened too often, or asks for a longer wait than anyone has. */
export class Tries {
  readonly #patience: Patience;
  readonly #signal: AbortSignal | undefined;
  #failures = 0;
  #reached = false;

  constructor(how: Patience, signal: AbortSignal | undefined) {
    this.#patience = how;
    this.#signal = signal;
  }

  progress(): void {
    this.#failures = 0;
    this.#reached = true;
  }

  async after(error: unknown): Promise<void> {
    this.#signal?.throwIfAborted();
    if (!(error instanceof HttpProblem)) throw error;
    this.#reached ||= !error.unreached;
    const pauseMs = this.#reached || this.#failures < knocks ? this.#patience.pausesMs[this.#failures++] : undefined;
    if (!error.passing || pauseMs === undefined || error.retryAfterMs > longestPauseMs) throw error;
    await sleep(Math.max(pauseMs, error.retryAfterMs), undefined, { ...(this.#signal && { signal: this.#signal }) });
  }
}

function once(address: URL, { method = 'GET', headers, signal, stallMs }: GetOptions): Promise<http.IncomingMessage> {
  const proxy = getProxyForUrl(address.href), client = address.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const request = client.request({
      method, protocol: address.protocol, hostname: address.hostname.replace(/^\[|\]$/g, ''), port: address.port, path: `${address.pathname}${address.search}`,
      headers, timeout: stallMs, ...(signal && { signal }), ...(proxy !== '' && { agent: new HttpsProxyAgent(proxy) }),
    }, resolve);
    request.on('timeout', () => request.destroy(stalled(address, stallMs)));
    request.on('error', (error) => reject(signal?.aborted ? signal.reason as Error : networkProblem(address, error)));
    request.end();
  });
}

async function* watched(response: http.IncomingMessage, address: URL, { signal, stallMs }: GetOptions): AsyncGenerator<Buffer> {
  let seen = 0, before = 0, waiting = true;
  const timer = setInterval(() => {
    if (waiting && seen - before < slowBytes) response.destroy(stalled(address, stallMs)); // not while it is us who are slow
    before = seen;
  }, stallMs);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      waiting = false;
      seen += chunk.length;
      yield chunk;
      waiting = true;
    }
    if (!response.complete) throw new HttpProblem(`${shown(address)} was cut off`, { passing: true });
  } catch (error) {
    signal?.throwIfAborted();
    throw networkProblem(address, error as Error);
  } finally {
    clearInterval(timer);
    response.destroy();
  }
}

const stalled = (address: URL, stallMs: number): HttpProblem => new HttpProblem(`${address.host} sent next to nothing for ${stallMs / 1000} s`, { passing: true });

function refusal(address: URL, status: number, headers: http.IncomingHttpHeaders): HttpProblem {
  const meaning = meanings[status];
  return new HttpProblem(`${shown(address)} answered ${status}${meaning === undefined ? '' : ` (${meaning})`}`, {
    status, headers, passing: status === 408 || status === 429 || status >= 500, retryAfterMs: pauseOf(headers),
  });
}

/** `Retry-After`: seconds, or an instant (RFC 9110, 10.2.3), which counts from the server's own clock. */
function pauseOf({ 'retry-after': wish = '', date = '' }: http.IncomingHttpHeaders): number {
  const ms = /^\d+(\.\d+)?$/.test(wish) ? 1000 * Number(wish) : Date.parse(wish) - Date.parse(date);
  return ms > 0 ? ms : 0;
}

const meanings: Readonly<Record<number, string>> = {
  401: 'it asks for a name and a password', 403: 'it does not give this to us', 404: 'there is no such file', 407: 'the proxy asks for a name and a password',
  429: 'too many requests', 503: 'it is overloaded',
};

/** Names that cannot be found and certificates that are not trusted do not mend themselves. */
const lasting = /^(ENOTFOUND|ERR_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

/** Nobody there, or no way to it. */
const unreachable = /^(ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ENETDOWN|EAI_AGAIN)$/;

function networkProblem(address: URL, error: NodeJS.ErrnoException): HttpProblem {
  if (error instanceof HttpProblem) return error;
  return new HttpProblem(`${address.host}: ${error.message || error.code || 'the connection failed'}`, { passing: !lasting.test(error.code ?? ''), unreached: unreachable.test(error.code ?? '') });
}

function authorizationOf({ username, password }: URL): string | undefined {
  return username === '' ? undefined : `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
}
