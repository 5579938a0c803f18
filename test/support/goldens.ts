/**
 * Reference values from PyTorch, timm and transformers: one folder per case (weights, inputs, outputs, tolerances).
 * A few small cases are copied to test/fixtures/goldens; the whole collection, where a machine has it, lies in the
 * shared folder beside the project. Reader and comparison rule as in that collection's README.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Weights } from '../../src/backbones/tensorData.ts';
import { repoRoot, sharedRoot } from './root.ts';

export interface GoldenTensor {
  readonly shape: readonly number[];
  /** float32 and uint8 tensors stay what they are; 64-bit integers become numbers. */
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array;
}

export interface Tolerance {
  readonly atol: number;
  readonly atol99: number;
}

export interface GoldenCase {
  readonly name: string;
  readonly tensors: ReadonlyMap<string, GoldenTensor>;
  /** Model cases only: parameters and buffers by the library's names. */
  readonly weights: Weights;
  readonly tolerances: Readonly<Record<string, Tolerance>>;
  /** case.json as it stands; each test reads what it needs of it. */
  readonly facts: GoldenFacts;
  tensor(key: string): GoldenTensor;
}

export interface GoldenFacts {
  readonly definition?: { readonly hyper: Readonly<Record<string, unknown>>; readonly groups: readonly GoldenGroup[] | null; readonly clip_grad_norm: number | null };
  /** Model cases from here on. */
  readonly constructor: { readonly kwargs: Readonly<Record<string, unknown>> };
  /** `train` only where there are batch norms: elsewhere both give the same. */
  readonly modes: readonly Mode[];
  readonly optimizers: Readonly<Record<'sgd3' | 'adamw3', { readonly lr: number; readonly momentum: number; readonly weight_decay: number }>>;
  /** Parameters stored in full after three steps; all others by fingerprint only. */
  readonly params_stored_after_steps: readonly string[];
  /** Without a gradient: no part of our network. */
  readonly unused_parameters: readonly string[];
  /** Gradients that are zero but for rounding, such as those of biases before a batch norm. */
  readonly zero_gradient: Readonly<Partial<Record<Mode, readonly string[]>>>;
  /** Parameters that AdamW moves by rounding noise: not to be compared after its steps. */
  readonly adamw_noise_driven: Readonly<Partial<Record<Mode, readonly string[]>>>;
  /** Largest gap between PyTorch's float32 and float64 runs over all tensors of a kind (`eval/grad`): relative to a tensor's largest value, and absolute. */
  readonly gap_summary: Readonly<Record<string, { readonly rel: number; readonly abs: number }>>;
  readonly stats: Readonly<Record<Mode, Readonly<Record<'grad' | 'sgd3/param' | 'adamw3/param', Readonly<Record<string, Fingerprint>>>>>>;
}

/** Batch norms on stored statistics, or on the batch's. */
export type Mode = 'eval' | 'train';

/** Of a tensor too large to store: its L2 norm, Σ aᵢ cos i over the row-major index (a transposition changes it), and the tolerances of both. */
export type Fingerprint = readonly [norm: number, probe: number, normTolerance: number, probeTolerance: number];

export interface GoldenGroup {
  readonly names: readonly string[];
  readonly lr: number;
  readonly weight_decay: number;
}

/** The case, or undefined where neither folder has it: skip the test by name then. */
export function goldenCase(name: string): GoldenCase | undefined {
  const folder = [join(repoRoot, 'test', 'fixtures', 'goldens', name), ...(sharedRoot ? [join(sharedRoot, 'goldens', name)] : [])]
    .find((candidate) => existsSync(candidate));
  if (!folder) return undefined;
  const facts = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as GoldenFacts & { tolerances: Record<string, Tolerance> };
  const tensors = readTensors(join(folder, 'io.safetensors'));
  const weightsFile = join(folder, 'weights.safetensors');
  const weights = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  if (existsSync(weightsFile)) {
    for (const [key, { shape, data }] of readTensors(weightsFile)) if (data instanceof Float32Array) weights.set(key, { shape, data });
  }
  return {
    name, tensors, weights, tolerances: facts.tolerances, facts,
    tensor(key) {
      const found = tensors.get(key);
      assert.ok(found, `${name} holds ${key}`);
      return found;
    },
  };
}

/** The case, which must be among the copies in the project. */
export function bundledCase(name: string): GoldenCase {
  const found = goldenCase(name);
  assert.ok(found, `test/fixtures/goldens/${name} is missing`);
  return found;
}

/**
 * Every element within `atol`, all but 1 % (or one) within `atol99`. NaN never passes.
 * Returns the largest difference in units of `atol`.
 */
export function assertClose(got: ArrayLike<number>, want: ArrayLike<number>, { atol, atol99 }: Tolerance, what: string): number {
  assert.equal(got.length, want.length, `${what}: number of elements`);
  let worst = 0, over = 0;
  for (let i = 0; i < want.length; i++) {
    const difference = Math.abs(got[i]! - want[i]!);
    if (!(difference <= worst)) worst = difference; // a NaN stays
    if (!(difference <= atol99)) over++;
  }
  assert.ok(worst <= atol, `${what}: off by ${worst}, tolerance ${atol}`);
  assert.ok(over <= Math.max(1, 0.01 * want.length), `${what}: ${over} of ${want.length} elements beyond ${atol99}`);
  return worst / atol;
}

/** Checks `got` against the tensor `key` of the case with the tolerance stored for it, or `least` where that is more. */
export function assertGolden(golden: GoldenCase, key: string, got: ArrayLike<number>, least = 0): number {
  const tolerance = golden.tolerances[key];
  assert.ok(tolerance, `${golden.name} has a tolerance for ${key}`);
  const { atol, atol99 } = tolerance;
  return assertClose(got, golden.tensor(key).data, { atol: Math.max(atol, least), atol99: Math.max(atol99, least) }, `${golden.name} ${key}`);
}

/** Checks norm and probe of `got`; `least`: neither tolerance is below it. */
export function assertFingerprint(got: ArrayLike<number>, [norm, probe, ...tolerances]: Fingerprint, what: string, least = 0): void {
  const [normTolerance, probeTolerance] = tolerances.map((tolerance) => Math.max(least, tolerance)) as [number, number];
  const values = Array.from(got);
  const gotNorm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const gotProbe = values.reduce((sum, value, i) => sum + value * Math.cos(i), 0);
  assert.ok(Math.abs(gotNorm - norm) <= normTolerance, `${what}: norm ${gotNorm}, not ${norm} ± ${normTolerance}`);
  assert.ok(Math.abs(gotProbe - probe) <= probeTolerance, `${what}: probe ${gotProbe}, not ${probe} ± ${probeTolerance}`);
}

interface HeaderEntry { readonly dtype: string; readonly shape: readonly number[]; readonly data_offsets: readonly [number, number] }

function readTensors(path: string): Map<string, GoldenTensor> {
  const file = readFileSync(path);
  const headerBytes = Number(file.readBigUInt64LE(0));
  const { __metadata__: _, ...header } = JSON.parse(file.toString('utf8', 8, 8 + headerBytes)) as Record<string, HeaderEntry>;
  const tensors = new Map<string, GoldenTensor>();
  for (const [key, { dtype, shape, data_offsets: [start, end] }] of Object.entries(header)) {
    const bytes = new Uint8Array(file.subarray(8 + headerBytes + start, 8 + headerBytes + end)).buffer; // a copy: aligned
    tensors.set(key, { shape, data: numbersOf(dtype, bytes) });
  }
  return tensors;
}

function numbersOf(dtype: string, bytes: ArrayBuffer): GoldenTensor['data'] {
  switch (dtype) {
    case 'F32': return new Float32Array(bytes);
    case 'F64': return new Float64Array(bytes);
    case 'U8': return new Uint8Array(bytes);
    case 'I64': return Int32Array.from(new BigInt64Array(bytes), Number);
    default: throw new Error(`goldens hold no ${dtype}`);
  }
}
