/** A file server on this machine that can be made to misbehave, one request at a time. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** Answers instead of the server, or returns false. `nth`: how many requests for that path came before. */
export type Fault = (request: IncomingMessage, response: ServerResponse, nth: number) => boolean;

export class FaultyServer {
  readonly files = new Map<string, Buffer>();
  readonly asked: Asked[] = [];
  /** Body bytes that left. */
  sentBytes = 0;
  fault: Fault = () => false;
  ranges = true;
  etag = true;
  readonly #server: Server;
  readonly #counts = new Map<string, number>();
  readonly #etags = new WeakMap<Buffer, string>();

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(t: Pick<TestContext, 'after'>, files: Readonly<Record<string, Buffer | string>>): Promise<FaultyServer> {
    const server = new FaultyServer();
    for (const [path, content] of Object.entries(files)) server.files.set(path, Buffer.from(content));
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.stop());
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  address(path = '/', credentials = ''): string {
    return `http://${credentials}127.0.0.1:${this.port}${path}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** As it should: ranges, ETag, If-Range. `cutAfter`: the connection breaks after so many bytes of the body. */
  send(request: IncomingMessage, response: ServerResponse, file: Buffer, { cutAfter = Infinity }: { readonly cutAfter?: number } = {}): boolean {
    const etag = this.#etagOf(file);
    if (this.etag) response.setHeader('etag', etag);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [], current = [undefined, etag].includes(request.headers['if-range'] as string | undefined);
    let body = file;
    if (this.ranges && from !== undefined && current) {
      const start = Number(from), end = Math.min(Number(to), file.length - 1);
      body = file.subarray(start, end + 1);
      response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${file.length}`, 'content-length': body.length });
    } else response.writeHead(200, { 'content-length': file.length });
    this.sentBytes += Math.min(cutAfter, body.length);
    if (body.length <= cutAfter) response.end(body);
    else response.write(body.subarray(0, cutAfter), () => response.destroy());
    return true;
  }

  /** Computed once: an engine takes a second. */
  #etagOf(file: Buffer): string {
    const known = this.#etags.get(file) ?? `"${createHash('sha256').update(file).digest('hex').slice(0, 12)}"`;
    this.#etags.set(file, known);
    return known;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '/', nth = this.#counts.get(path) ?? 0, file = this.files.get(path);
    this.#counts.set(path, nth + 1);
    this.asked.push({ path, range: request.headers.range, authorization: request.headers.authorization });
    if (this.fault(request, response, nth)) return;
    if (file) this.send(request, response, file);
    else response.writeHead(404).end('no such file');
  }
}
