import type { ByteStore } from '../base/byteStore.ts';
import { diagnosticCodes, type Diagnostic } from '../protocol/diagnostic.ts';
import { fields, list, matching, oneOf, optional, parsed, text, whole } from '../protocol/shape.ts';
import type { FileFacts } from './sample.ts';

/** Raise the number when facts of old files would come out differently: the old entry is then left to be removed. */
const entry = 'facts-1.jsonl';

/** What is known of contents met before, by sha256: one JSON line each. A torn or damaged line is as good as none. */
export class FactsCache {
  readonly #store: ByteStore;
  readonly #facts: Map<string, FileFacts>;
  #unsaved: string[] = [];

  private constructor(store: ByteStore, facts: Map<string, FileFacts>, torn: boolean) {
    this.#store = store;
    this.#facts = facts;
    if (torn) this.#unsaved.push(''); // a line break ends the torn line, so that it spoils no other
  }

  static async open(store: ByteStore): Promise<FactsCache> {
    const size = await store.sizeOf(entry) ?? 0;
    const content = size > 0 ? new TextDecoder().decode(await store.read(entry, 0, size)) : '';
    const facts = new Map<string, FileFacts>();
    for (const line of content.split('\n')) {
      const read = factsOf(line);
      if (read) facts.set(read.sha256, read);
    }
    return new FactsCache(store, facts, content !== '' && !content.endsWith('\n'));
  }

  get(sha256: string): FileFacts | undefined {
    return this.#facts.get(sha256);
  }

  /** Kept at once, on disk after `save`. */
  add(facts: FileFacts): void {
    if (this.#facts.has(facts.sha256)) return;
    const notes = facts.notes.filter(({ code }) => code !== 'extension-mismatch').map(({ where: _, ...note }) => note); // those belong to a file, not to its content
    const kept = { ...facts, notes };
    this.#facts.set(facts.sha256, kept);
    this.#unsaved.push(JSON.stringify(kept));
  }

  async save(): Promise<void> {
    if (this.#unsaved.length === 0) return;
    const lines = this.#unsaved;
    this.#unsaved = [];
    await this.#store.append(entry, new TextEncoder().encode(lines.map((line) => `${line}\n`).join('')));
  }
}

const fileFacts = fields<FileFacts>({
  sha256: matching(/^[0-9a-f]{64}$/),
  width: whole,
  height: whole,
  format: oneOf('JPEG', 'PNG', 'WebP', 'GIF', 'BMP', 'TIFF', 'AVIF'),
  hashes: list(matching(/^[0-9a-f]+$/)),
  notes: list(fields<Omit<Diagnostic, 'where' | 'mend'>>({
    code: oneOf(...diagnosticCodes), severity: oneOf('error', 'warning', 'information'), message: text, fix: optional(text),
  })),
});

function factsOf(line: string): FileFacts | undefined {
  try {
    const read = parsed(fileFacts, JSON.parse(line));
    return read.ok ? read.value : undefined;
  } catch {
    return undefined;
  }
}
