/**
 * Words for saying what a value from outside must look like. A guard returns the value, typed and holding only the
 * keys it knows, or throws a Mismatch that names the field. Ours, because the page's bundle must stay small.
 */
export type Guard<T> = (value: unknown) => T;

export interface Optional<T> {
  readonly optional: Guard<T>;
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly note: string };

/** A guard per key of T; optional keys take `optional(guard)`. A missing or mistyped key does not compile. */
export type Fields<T> = {
  readonly [K in keyof T]-?: Partial<Pick<T, K>> extends Pick<T, K> ? Optional<Exclude<T[K], undefined>> : Guard<T[K]>;
};

class Mismatch extends Error {
  readonly path: (string | number)[] = [];
}

/** Applies a guard; a mismatch becomes a note such as `data.classes.2: not a text`. */
export function parsed<T>(guard: Guard<T>, value: unknown): Parsed<T> {
  try {
    return { ok: true, value: guard(value) };
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    return { ok: false, note: [...(error.path.length > 0 ? [error.path.join('.')] : []), error.message].join(': ') };
  }
}

export const optional = <T>(guard: Guard<T>): Optional<T> => ({ optional: guard });

export const text: Guard<string> = (value) => typeof value === 'string' ? value : mismatch('not a text');

export const matching = (pattern: RegExp): Guard<string> => (value) =>
  pattern.test(text(value)) ? value as string : mismatch(`not of the form ${pattern.source}`);

export const flag: Guard<boolean> = (value) => typeof value === 'boolean' ? value : mismatch('not true or false');

/** Any number. Also "NaN" and the infinities by name, and null, which is what other JSON writers make of them. */
export const number: Guard<number> = (value) => {
  if (typeof value === 'number') return value;
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  return value === null ? NaN : mismatch('not a number');
};

/** 0, 1, 2, … */
export const whole: Guard<number> = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? value as number : mismatch('not a whole number');

export const oneOf = <const T>(...choices: readonly T[]): Guard<T> => (value) =>
  choices.includes(value as T) ? value as T : mismatch(`not one of ${choices.join(', ')}`);

/** First guard that takes the value. */
export const either = <A, B>(a: Guard<A>, b: Guard<B>): Guard<A | B> => (value) => {
  const first = parsed(a, value);
  return first.ok ? first.value : b(value);
};

export const list = <T>(item: Guard<T>): Guard<readonly T[]> => (value) =>
  Array.isArray(value) ? value.map((each, index) => under(index, item, each)) : mismatch('not a list');

export const dictionary = <T>(item: Guard<T>): Guard<Readonly<Record<string, T>>> => (value) =>
  Object.fromEntries(Object.entries(asObject(value)).map(([key, each]) => [key, under(key, item, each)] as const));

export const fields = <T>(shape: Fields<T>): Guard<T> => {
  const entries = Object.entries<Guard<unknown> | Optional<unknown>>(shape);
  return (value) => {
    const from = asObject(value);
    const result: Record<string, unknown> = {};
    for (const [key, guard] of entries) {
      const given = Object.hasOwn(from, key) ? from[key] : undefined;
      if (typeof guard === 'function') result[key] = under(key, guard, given);
      else if (given !== undefined) result[key] = under(key, guard.optional, given);
    }
    return result as T;
  };
};

/** A union told apart by `type`: the shape of each member's other keys. */
export const tagged = <T extends { readonly type: string }>(
  table: { readonly [K in T['type']]: Fields<Omit<Extract<T, { readonly type: K }>, 'type'>> },
): Guard<T> => {
  const guards = new Map<unknown, Guard<object>>();
  for (const [type, shape] of Object.entries(table)) guards.set(type, fields(shape as Fields<object>));
  return (value) => {
    const { type } = asObject(value);
    const guard = guards.get(type) ?? mismatch(`unknown type ${JSON.stringify(type)}`);
    return { type, ...guard(value) } as T; // the table's type says that each guard yields its member
  };
};

/** Lets a guard of plain strings or numbers pass as one of their branded kind. */
export const branded = <T extends string>(guard: Guard<string>): Guard<T> => guard as Guard<T>;

function under<T>(key: string | number, guard: Guard<T>, value: unknown): T {
  try {
    return guard(value);
  } catch (error) {
    if (error instanceof Mismatch) error.path.unshift(key);
    throw error;
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown> : mismatch('not an object');
}

function mismatch(message: string): never {
  throw new Mismatch(message);
}
