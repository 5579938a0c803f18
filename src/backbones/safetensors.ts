/**
 * The safetensors format: u64 header length, JSON header {name: {dtype, shape, data_offsets}}, then the data, little-endian.
 * A weights file is foreign input: every number in its header is checked before it is used, and what the format's own
 * reader refuses (holes, overlaps, duplicate names, huge headers) is refused here too.
 */
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import { decodeHalf, encodeHalf } from './halfFloat.ts';
import { shapeText, sizeOf } from './shapes.ts';
import type { TensorData, Weights } from './tensorData.ts';

interface Dtype {
  readonly sizeBytes: number;
  readonly decode: (data: ArrayBuffer) => Float32Array;
}

/** What can be read. Integers (PyTorch's step counters) become floats; nothing here trains on them. */
const dtypes: ReadonlyMap<unknown, Dtype> = new Map<unknown, Dtype>([
  ['F32', { sizeBytes: 4, decode: (data) => new Float32Array(data) }],
  ['F16', { sizeBytes: 2, decode: (data) => decodeHalf(new Uint16Array(data)) }],
  ['BF16', { sizeBytes: 2, decode: (data) => new Float32Array(Uint32Array.from(new Uint16Array(data), (half) => half << 16).buffer) }],
  ['F64', { sizeBytes: 8, decode: (data) => Float32Array.from(new Float64Array(data)) }],
  ['I64', { sizeBytes: 8, decode: (data) => Float32Array.from(new BigInt64Array(data), Number) }],
  ['I32', { sizeBytes: 4, decode: (data) => Float32Array.from(new Int32Array(data)) }],
]);

/** The limit of the format's own reader. */
const maxHeaderBytes = 100_000_000;

interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Decodes a whole file, all tensors as float32. `file` is its name, for messages only. */
export function decodeSafetensors(bytes: Uint8Array, file: string): Checked<Weights> {
  try {
    const { header, dataStart } = headerOf(bytes);
    const entries = entriesOf(header, bytes.length - dataStart);
    const value = new Map(entries.map(({ name, dtype, shape, begin, end }) => {
      const data = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end)); // a copy, hence aligned
      return [name, { shape, data: dtype.decode(data.buffer) }];
    }));
    return { ok: true, value, warnings: [] };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { ok: false, errors: [badWeights(file, error.message)], warnings: [] };
  }
}

/** A weights file that cannot be used, and what to do about it. */
export const badWeights = (file: string, why: string): Diagnostic => ({
  code: 'bad-weights', severity: 'error', message: `weights file cannot be used: ${brief(why)}`,
  fix: 'the file is damaged or of another kind: install or download it again', where: { file },
});

/** A hostile header may put megabytes into a name or a shape. */
const brief = (text: string): string => text.length > 300 ? `${text.slice(0, 300)}…` : text;

/** Never leaves this file: the first thing wrong ends the decoding. */
class Malformed extends Error {}

function check(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Malformed(message);
}

function headerOf(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  check(bytes.length >= 8, `${bytes.length} bytes are too few for a header`);
  const declared = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  check(declared <= BigInt(maxHeaderBytes), `its header claims ${declared} bytes`);
  const dataStart = 8 + Number(declared);
  check(dataStart <= bytes.length, `its header claims ${declared} bytes, the file has ${bytes.length}`);
  const text = utf8(bytes.subarray(8, dataStart));
  const header = json(text);
  check(isRecord(header), 'its header is not a JSON object');
  const twice = duplicateKey(text);
  check(twice === undefined, `its header has "${twice}" twice`);
  return { header, dataStart };
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Malformed('its header is not UTF-8');
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Malformed('its header is not JSON');
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** JSON.parse keeps the last of equal keys in silence. `text` is known to be JSON, so strings and braces are all there is to see. */
function duplicateKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, string, colon] of text.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(string!) as string, seen = open.at(-1)!;
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return undefined;
}

/** Checked entries; together they fill the data without gap or overlap. */
function entriesOf(header: Record<string, unknown>, dataBytes: number): Entry[] {
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__').map(([name, raw]) => entryOf(name, raw));
  let filled = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    check(begin === filled, `data of "${name}" starts at ${begin}, not at ${filled}`);
    filled = end;
  }
  check(filled === dataBytes, `its tensors have ${filled} bytes, the file has ${dataBytes}`);
  return entries;
}

function entryOf(name: string, raw: unknown): Entry {
  // Harmless in a Map, but these names travel on into files and objects of other programs.
  check(!['__proto__', 'constructor', 'prototype'].includes(name), `"${name}" is no tensor's name`);
  check(isRecord(raw), `"${name}" is not an object`);
  const dtype = dtypes.get(raw['dtype']), shape = raw['shape'], offsets = raw['data_offsets'];
  check(dtype !== undefined, `"${name}" has type ${JSON.stringify(raw['dtype'])}`);
  check(isCounts(shape), `"${name}" has shape ${JSON.stringify(shape)}`);
  check(isCounts(offsets) && offsets.length === 2, `"${name}" has offsets ${JSON.stringify(offsets)}`);
  const [begin, end] = offsets;
  check(begin! + sizeOf(shape) * dtype.sizeBytes === end, `"${name}" of shape ${shapeText(shape)} does not fit its offsets ${shapeText(offsets)}`);
  return { name, dtype, shape, begin: begin!, end };
}

const isCounts = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

/**
 * Encodes tensors in the order of the map. `F16` halves the file: tensors of two or more dimensions are stored in half
 * precision where all their values are in its range; vectors (norms, biases) always stay float32.
 */
export function encodeSafetensors(weights: Weights, { dtype, metadata = {} }: EncodeOptions): Uint8Array {
  const parts = [...weights].map(([name, tensor]) => ({ name, shape: tensor.shape, ...stored(tensor, dtype) }));
  let end = 0;
  const entries = parts.map(({ name, shape, dtype, data }) =>
    [name, { dtype, shape, data_offsets: [end, end += data.byteLength] }]);
  const text = JSON.stringify(Object.fromEntries([['__metadata__', { format: 'pt', ...metadata }], ...entries]));
  const header = new TextEncoder().encode(text);
  const dataStart = Math.ceil((8 + header.length) / 8) * 8; // data aligned, so that others can map it
  const file = new Uint8Array(dataStart + end).fill(0x20, 8, dataStart); // the format pads with spaces
  new DataView(file.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  file.set(header, 8);
  let at = dataStart;
  for (const { data } of parts) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

export interface EncodeOptions {
  readonly dtype: 'F32' | 'F16';
  readonly metadata?: Readonly<Record<string, string>>;
}

function stored({ shape, data }: TensorData, dtype: 'F32' | 'F16'): { dtype: 'F32' | 'F16'; data: Float32Array | Uint16Array } {
  const half = dtype === 'F16' && shape.length >= 2 && data.every((value) => Math.abs(value) <= 65504);
  return half ? { dtype: 'F16', data: encodeHalf(data) } : { dtype: 'F32', data };
}
