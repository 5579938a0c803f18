/** A promise we broke ourselves. Thrown, logged with its stack, shown as "please report". */
export class Bug extends Error {
  override readonly name = 'Bug';
}

/** Closes a switch over a union: a new member stops the build here. */
export function assertNever(value: never): never {
  throw new Bug(`no case for ${JSON.stringify(value)}`);
}
