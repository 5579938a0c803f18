import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineFacts } from '../../../protocol/runEvent.ts';
import { atomicWrite } from '../../../runs/atomicWrite.ts';
import { dictionary, fields, parsed, text } from '../../../protocol/shape.ts';
import { formatJson } from '../../../protocol/jsonText.ts';
import { parseEngineFacts } from '../../../protocol/guards.ts';

/** Which engine was the fastest here, by what was timed; forgotten as soon as something that the tests rest on has changed. */
export class EngineChoices {
  readonly #file: string;
  readonly #rests: string;

  constructor(cache: string, rests: string) {
    this.#file = join(cache, 'engine-choices.json');
    this.#rests = rests;
  }

  of(timed: string): EngineFacts | undefined {
    return factsIn(this.#read()[timed]);
  }

  /** Whether it was the fastest for any plan. */
  has(engine: EngineFacts['name']): boolean {
    return Object.values(this.#read()).some((facts) => factsIn(facts)?.name === engine);
  }

  keep(timed: string, facts: EngineFacts): void {
    const choices = { ...this.#read(), [timed]: facts };
    try {
      mkdirSync(join(this.#file, '..'), { recursive: true });
      atomicWrite(this.#file, formatJson({ rests: this.#rests, choices }, 2));
    } catch {
      // a cache folder that cannot be written: the next run chooses again
    }
  }

  #read(): Readonly<Record<string, unknown>> {
    try {
      const kept = parsed(kind, JSON.parse(readFileSync(this.#file, 'utf8')));
      return kept.ok && kept.value.rests === this.#rests ? kept.value.choices : {};
    } catch {
      return {}; // never chosen, or damaged: chosen again
    }
  }
}

function factsIn(value: unknown): EngineFacts | undefined {
  const facts = parseEngineFacts(value);
  return facts.ok ? facts.value : undefined;
}

const kind = fields<{ readonly rests: string; readonly choices: Readonly<Record<string, unknown>> }>({ rests: text, choices: dictionary((value) => value) });
