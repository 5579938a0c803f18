/** A hub on this machine: the layout of the real one, content on a server of its own, and every mishap on order. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { cardOf } from '../../src/backbones/cards.ts';
import { randomWeights } from '../../src/backbones/initialise.ts';
import { encodeSafetensors } from '../../src/backbones/safetensors.ts';
import type { Weights } from '../../src/backbones/tensorData.ts';
import { toSourceNames } from '../../src/backbones/weightNames.ts';
import { repoRoot } from './root.ts';

export interface Repository {
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly licence?: string;
  /** Shown to the owner of `HubServer.token` only. */
  readonly access?: 'gated' | 'private';
}

/** What befalls one request. */
export interface Mishap {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection is cut, or falls silent, after so many bytes of the body. */
  readonly cutAfter?: number;
  readonly silentAfter?: number;
  /** Other bytes than promised, as many of them. */
  readonly corrupt?: boolean;
  /** The whole file, whatever range was asked for. */
  readonly ignoresRange?: boolean;
  /** So many bytes at a time, with 20 ms between. */
  readonly trickle?: number;
}

/** What a server was asked. */
export interface Asked {
  readonly server: 'hub' | 'content';
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export class HubServer {
  readonly repositories = new Map<string, Repository>();
  readonly asked: Asked[] = [];
  /** The one that is valid. */
  token: string | undefined;
  readonly #mishaps: { readonly pattern: RegExp; readonly mishap: Mishap; left: number }[] = [];
  readonly #hub: Server;
  readonly #content: Server;

  private constructor() {
    this.#hub = createServer((request, response) => this.#onHub(request, response));
    this.#content = createServer((request, response) => this.#onContent(request, response));
  }

  static async start(t: Pick<TestContext, 'after'>): Promise<HubServer> {
    const hub = new HubServer();
    for (const server of [hub.#hub, hub.#content]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => hub.stop());
    return hub;
  }

  /** Nobody is there any more. */
  stop(): void {
    for (const server of [this.#hub, this.#content]) {
      server.closeAllConnections();
      server.close();
    }
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#hub.address() as AddressInfo).port}`;
  }

  /** The next requests of that form (`GET hub /api/…`) meet with this. */
  next(pattern: RegExp, mishap: Mishap, times = 1): void {
    this.#mishaps.push({ pattern, mishap, left: times });
  }

  /** `GET hub /timm/x/resolve/…`, in order. */
  log(): readonly string[] {
    return this.asked.map(({ method, server, path }) => `${method} ${server} ${path}`);
  }

  commitOf(repo: string): string {
    const hash = createHash('sha1');
    for (const [path, content] of Object.entries(this.repositories.get(repo)!.files)) hash.update(path).update(content);
    return hash.digest('hex');
  }

  #onHub(request: IncomingMessage, response: ServerResponse): void {
    const mishap = this.#note('hub', request), path = decodeURIComponent(request.url!);
    if (mishap?.status !== undefined) return void response.writeHead(mishap.status, mishap.headers).end(request.method === 'HEAD' ? undefined : '{"error":"mishap"}');
    const [, repo = '', revision = '', file] = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/(.+)$/.exec(path) ?? /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const repository = this.repositories.get(repo), known = this.token !== undefined && request.headers.authorization === `Bearer ${this.token}`;
    const refuse = (status: number, code: string): void => void response.writeHead(status, { 'x-error-code': code, 'content-type': 'application/json' }).end(request.method === 'HEAD' ? undefined : '{}');
    if (request.headers.authorization !== undefined && !known) return refuse(401, '');
    if (!repository || (repository.access === 'private' && !known)) return known ? refuse(404, 'RepoNotFound') : refuse(401, 'RepoNotFound');
    const commit = this.commitOf(repo);
    if (revision !== 'main' && revision !== commit) return refuse(404, 'RevisionNotFound');
    if (file === undefined) {
      const siblings = Object.keys(repository.files).map((rfilename) => ({ rfilename }));
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: repo, sha: commit, siblings, cardData: { license: repository.licence ?? 'mit' } }));
    }
    if (repository.access === 'gated' && !known) return refuse(401, 'GatedRepo');
    const content = repository.files[file];
    if (!content) return refuse(404, 'EntryNotFound');
    if (!file.endsWith('.safetensors')) {
      const etag = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
      return this.#send(request, response, content, { etag: `"${etag}"`, 'x-repo-commit': commit }, mishap);
    }
    const sha256 = createHash('sha256').update(content).digest('hex');
    response.writeHead(302, {
      'x-repo-commit': commit, 'x-linked-etag': `"${sha256}"`, 'x-linked-size': String(content.length), etag: '"of-the-redirect"',
      location: `http://127.0.0.1:${(this.#content.address() as AddressInfo).port}/${repo}/${file}?signature=secret`,
    }).end();
  }

  /** Where the hub points to. As the real one, it refuses whoever brings the hub's token along. */
  #onContent(request: IncomingMessage, response: ServerResponse): void {
    const mishap = this.#note('content', request);
    if (request.headers.authorization !== undefined || request.method !== 'GET') return void response.writeHead(400).end();
    if (mishap?.status !== undefined) return void response.writeHead(mishap.status, mishap.headers).end();
    const [, repo = '', file = ''] = /^\/([^/]+\/[^/]+)\/(.+)\?/.exec(request.url!) ?? [], content = this.repositories.get(repo)?.files[file];
    if (content) this.#send(request, response, content, { etag: '"of-the-content"' }, mishap);
    else response.writeHead(404).end();
  }

  #note(server: Asked['server'], { method = '', url = '', headers }: IncomingMessage): Mishap | undefined {
    const path = decodeURIComponent(url).replace(/\?.*/, '');
    this.asked.push({ server, method, path, range: headers.range, authorization: headers.authorization });
    const found = this.#mishaps.find(({ pattern, left }) => left > 0 && pattern.test(`${method} ${server} ${path}`));
    if (found) found.left--;
    return found?.mishap;
  }

  #send(request: IncomingMessage, response: ServerResponse, whole: Uint8Array, headers: Readonly<Record<string, string>>, mishap: Mishap = {}): void {
    const range = mishap.ignoresRange ? undefined : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const from = Number(range?.[1] ?? 0), to = range?.[2] ? Number(range[2]) : whole.length - 1;
    if (range && from >= whole.length) return void response.writeHead(416, { ...headers, 'content-range': `bytes */${whole.length}` }).end();
    let body = whole.subarray(from, to + 1);
    if (mishap.corrupt) body = body.map((byte) => byte ^ 1);
    response.writeHead(range ? 206 : 200, {
      ...headers, 'content-length': String(body.length), 'accept-ranges': 'bytes', ...(range && { 'content-range': `bytes ${from}-${to}/${whole.length}` }),
    });
    const upTo = mishap.cutAfter ?? mishap.silentAfter;
    if (request.method === 'HEAD') response.end();
    else if (upTo !== undefined) response.write(body.subarray(0, upTo), () => { if (mishap.cutAfter !== undefined) setTimeout(() => response.destroy(), 20); });
    else if (mishap.trickle !== undefined) void trickled(response, body, mishap.trickle);
    else response.end(body);
  }
}

async function trickled(response: ServerResponse, body: Uint8Array, bytes: number): Promise<void> {
  for (let at = 0; at < body.length && !response.destroyed; at += bytes) {
    response.write(body.subarray(at, at + bytes));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  response.end();
}

export const asJson = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value, null, 2));

/** As timm's save_for_hf writes it (timm 1.0.31). */
export const lite0Config = {
  architecture: 'tf_efficientnet_lite0', num_classes: 1000, num_features: 1280, global_pool: 'avg', model_args: { in_chans: 3, num_classes: 1000, global_pool: 'avg' },
  pretrained_cfg: {
    tag: 'in1k', custom_load: false, input_size: [3, 224, 224], fixed_input_size: false, interpolation: 'bicubic', crop_pct: 0.875, crop_mode: 'center',
    mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], num_classes: 1000, pool_size: [7, 7], first_conv: 'conv_stem', classifier: 'classifier', license: 'apache-2.0',
  },
};

/** `timm/tf_efficientnet_lite0.in1k` with the weights that Thaw brings along. */
export const lite0Repository = (): Repository => ({
  files: { 'README.md': asJson('a model'), 'config.json': asJson(lite0Config), 'model.safetensors': readFileSync(join(repoRoot, 'backbones', 'efficientnet_lite0', 'model.safetensors')) },
});

export const lite0Name = 'timm/tf_efficientnet_lite0.in1k';

/** A checkpoint of that architecture with random weights and few classes, by timm's names. */
export function randomLite0(seed: number, classes = 5): Weights {
  const card = cardOf('efficientnet_lite0');
  assert.ok(card);
  return toSourceNames(randomWeights(card.network(classes), seed), card.sourceHead);
}

export const asSafetensors = (weights: Weights, dtype: 'F16' | 'F32' = 'F16'): Uint8Array => encodeSafetensors(weights, { dtype });
