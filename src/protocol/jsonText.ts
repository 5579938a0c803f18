/**
 * JSON that keeps NaN and the infinities readable: as the strings "NaN", "Infinity", "-Infinity", which the guards
 * (protocol/shape.ts `number`) turn back. Plain JSON would write null, and a diverged loss would look like a missing one.
 */
export const formatJson = (value: unknown, indent?: number): string => JSON.stringify(value, readable, indent);

const readable = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
