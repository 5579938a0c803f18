import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeSafetensors, encodeSafetensors } from '../../../src/backbones/safetensors.ts';
import type { Weights } from '../../../src/backbones/tensorData.ts';
import { rng } from '../../../src/base/rng.ts';
import type { Diagnostic } from '../../../src/protocol/diagnostic.ts';
import { repoRoot } from '../../support/root.ts';

const weights: Weights = new Map([
  ['conv.weight', { shape: [2, 3, 1, 1], data: Float32Array.of(0.5, -1.25, 3, 1 / 3, 65504, 2 ** -24) }],
  ['conv.bias', { shape: [2], data: Float32Array.of(1 / 3, -7e-9) }],
  ['scalar', { shape: [], data: Float32Array.of(42) }],
  ['empty', { shape: [0, 4], data: new Float32Array(0) }],
]);

/** A file with this header text and so many bytes of data. */
function file(header: string | object, dataBytes = 0): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(dataBytes)]);
}

function valueOf(bytes: Uint8Array): Weights {
  const decoded = decodeSafetensors(bytes, 'a.safetensors');
  assert.ok(decoded.ok, 'decodes');
  return decoded.value;
}

function errorOf(bytes: Uint8Array): Diagnostic {
  const decoded = decodeSafetensors(bytes, 'a.safetensors');
  assert.ok(!decoded.ok, 'is refused');
  assert.equal(decoded.errors.length, 1);
  assert.equal(decoded.errors[0]!.code, 'bad-weights');
  return decoded.errors[0]!;
}

test('float32 tensors come back as they were, from any place in memory', () => {
  const encoded = encodeSafetensors(weights, { dtype: 'F32' });
  assert.deepEqual(valueOf(encoded), weights);
  for (const offset of [1, 2, 3]) {
    const shifted = new Uint8Array(encoded.length + offset);
    shifted.set(encoded, offset);
    assert.deepEqual(valueOf(shifted.subarray(offset)), weights);
  }
});

test('half precision keeps vectors, and tensors beyond its range, in float32', () => {
  const large = { shape: [1, 2], data: Float32Array.of(1 / 3, 70000) };
  const decoded = valueOf(encodeSafetensors(new Map([...weights, ['large.weight', large]]), { dtype: 'F16' }));
  assert.deepEqual([...decoded.get('conv.weight')!.data], [0.5, -1.25, 3, 0.333251953125, 65504, 2 ** -24]);
  assert.deepEqual(decoded.get('conv.bias'), weights.get('conv.bias'));
  assert.deepEqual(decoded.get('large.weight'), large);
});

test('bfloat16, float64 and integers are read as float32', () => {
  const header = {
    a: { dtype: 'BF16', shape: [2], data_offsets: [0, 4] }, b: { dtype: 'F64', shape: [1], data_offsets: [4, 12] },
    'bn.num_batches_tracked': { dtype: 'I64', shape: [], data_offsets: [12, 20] }, d: { dtype: 'I32', shape: [1], data_offsets: [20, 24] },
  };
  const bytes = Buffer.from(file(header, 24)), data = bytes.subarray(bytes.length - 24);
  data.writeUInt16LE(0x3fc0, 0); // 1.5
  data.writeUInt16LE(0xc2f7, 2); // -123.5
  data.writeDoubleLE(0.1, 4);
  data.writeBigInt64LE(-5n, 12);
  data.writeInt32LE(7, 20);
  assert.deepEqual([...valueOf(bytes)].map(([name, { data }]) => [name, ...data]),
    [['a', 1.5, -123.5], ['b', Math.fround(0.1)], ['bn.num_batches_tracked', -5], ['d', 7]]);
});

test('the data is aligned to 8 bytes for readers that map the file', () => {
  const encoded = Buffer.from(encodeSafetensors(weights, { dtype: 'F16', metadata: { made: 'by a test' } }));
  const headerBytes = Number(encoded.readBigUInt64LE(0));
  assert.equal(headerBytes % 8, 0);
  assert.deepEqual((JSON.parse(encoded.toString('utf8', 8, 8 + headerBytes)) as Record<string, unknown>)['__metadata__'], { format: 'pt', made: 'by a test' });
});

const f32 = (begin: number, end: number, shape = [(end - begin) / 4]): object => ({ dtype: 'F32', shape, data_offsets: [begin, end] });
const hostile: Readonly<Record<string, readonly [bytes: Uint8Array, message: RegExp]>> = {
  'no header at all': [new Uint8Array(7), /too few/],
  'a header longer than the file': [file('{}').subarray(0, 9), /claims 2 bytes, the file has 9/],
  'a header of 2^64 - 1 bytes': [new Uint8Array(16).fill(255), /claims 18446744073709551615/],
  'a header above the format\'s limit': [new Uint8Array(Buffer.concat([Buffer.from([1, 225, 245, 5, 0, 0, 0, 0]), Buffer.alloc(8)])), /claims 100000001/],
  'broken JSON': [file('{"a": {'), /not JSON/],
  'JSON that is no object': [file('[1, 2]'), /not a JSON object/],
  'bytes that are not UTF-8': [file('{}').map((byte, i) => i === 8 ? 0xff : byte), /not UTF-8/],
  'a name twice': [file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), /"a" twice/],
  'a key twice within a tensor': [file('{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', 4), /"shape" twice/],
  'the name __proto__': [file('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), /no tensor's name/],
  'overlapping tensors': [file({ a: f32(0, 8), b: f32(4, 12) }, 12), /"b" starts at 4, not at 8/],
  'a gap between tensors': [file({ a: f32(0, 4), b: f32(8, 12) }, 12), /"b" starts at 8, not at 4/],
  'offsets beyond the file': [file({ a: f32(0, 400) }, 4), /have 400 bytes, the file has 4/],
  'offsets backwards': [file({ a: { dtype: 'F32', shape: [0], data_offsets: [4, 0] } }, 4), /does not fit its offsets/],
  'negative offsets': [file({ a: { dtype: 'F32', shape: [1], data_offsets: [-4, 0] } }), /has offsets \[-4,0\]/],
  'offsets that are not whole': [file({ a: { dtype: 'F32', shape: [1], data_offsets: [0.5, 4.5] } }, 5), /has offsets/],
  'three offsets': [file({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 4] } }, 4), /has offsets/],
  'no offsets': [file({ a: { dtype: 'F32', shape: [1] } }, 4), /has offsets undefined/],
  'a shape of another size': [file({ a: f32(0, 8, [3]) }, 8), /\[3\] does not fit/],
  'a shape whose product overflows': [file({ a: f32(0, 0, [2 ** 52, 2 ** 52, 2 ** 52]) }), /does not fit/],
  'a negative length': [file({ a: f32(0, 4, [-1, -1]) }, 4), /has shape/],
  'a text as shape': [file({ a: { dtype: 'F32', shape: '1', data_offsets: [0, 4] } }, 4), /has shape "1"/],
  'an unknown type': [file({ a: { dtype: 'F8_E4M3', shape: [1], data_offsets: [0, 1] } }, 1), /has type "F8_E4M3"/],
  'a type from the prototype': [file({ a: { dtype: 'constructor', shape: [1], data_offsets: [0, 1] } }, 1), /has type "constructor"/],
  'a number for a tensor': [file({ a: 4 }), /"a" is not an object/],
  'data that no tensor claims': [file({ a: f32(0, 4) }, 8), /have 4 bytes, the file has 8/],
};

for (const [what, [bytes, message]] of Object.entries(hostile)) {
  test(`a file with ${what} is refused`, () => assert.match(errorOf(bytes).message, message));
}

test('the message about a monstrous name stays short', () => {
  assert.ok(errorOf(file({ ['x'.repeat(1e6)]: 1 })).message.length < 400);
});

test('no damage to a file throws: it is decoded or refused', () => {
  const whole = encodeSafetensors(weights, { dtype: 'F16' }), random = rng(7, 'fuzz');
  const headerEnd = 8 + Number(Buffer.from(whole).readBigUInt64LE(0));
  let refused = 0;
  for (let round = 0; round < 3000; round++) {
    const damaged = whole.slice(0, random.next() < 0.2 ? random.int(whole.length) : whole.length);
    for (let hits = 1 + random.int(4); hits > 0; hits--) damaged[random.int(Math.min(headerEnd, damaged.length))] = random.int(256);
    if (!decodeSafetensors(damaged, 'fuzz').ok) refused++;
  }
  assert.ok(refused > 2500, `${refused} of 3000 refused`);
});

test('the shipped file decodes: 247 tensors, the counters left out by its makers', () => {
  const decoded = valueOf(readFileSync(join(repoRoot, 'backbones', 'efficientnet_lite0', 'model.safetensors')));
  assert.equal(decoded.size, 247);
  assert.deepEqual(decoded.get('classifier.weight')!.shape, [1000, 1280]);
});
