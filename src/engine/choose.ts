/**
 * Picks the engine that trains: each that is there must compute the right gradients, then the fastest in one timed
 * step wins. Nothing falls back silently: what was tried, and why the others lost, goes into the run.
 */
import * as tf from '@tensorflow/tfjs-core';
import { monotonicMs } from '../base/clock.ts';
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import type { EngineFacts, RungFacts } from '../protocol/runEvent.ts';
import type { Kernels } from './kernels.ts';
import type { EngineResources, Rung, StartedRung } from './rungs/rung.ts';
import { selfTest } from './selfTest.ts';
import { timedStep } from './timedStep.ts';

export interface ChooseOptions {
  readonly resources: EngineResources;
  /** The only one to use, or to refuse. */
  readonly pinned?: EngineFacts['name'] | undefined;
  /** The step to time, for tests. */
  readonly step?: (kernels: Kernels) => Promise<void>;
}

export interface ChosenEngine {
  /** Its backend is the current one; the others are gone. */
  readonly rung: StartedRung;
  readonly facts: Omit<EngineFacts, 'node' | 'prefix'>;
}

interface Candidate {
  readonly name: EngineFacts['name'];
  readonly started: StartedRung;
  readonly stepMs: number;
}

interface Tried {
  readonly facts: RungFacts;
  readonly candidate?: Candidate;
  /** Why it is out: `engine-missing` where that is nobody's fault. */
  readonly problem?: Diagnostic;
}

export async function chooseEngine(rungs: readonly Rung[], { resources, pinned, step = timedStep }: ChooseOptions): Promise<Checked<ChosenEngine>> {
  const wanted = rungs.filter(({ name }) => pinned === undefined || name === pinned);
  if (wanted.length === 0) return { ok: false, errors: [unknownEngine(pinned, rungs)], warnings: [] };
  const tried: Tried[] = [];
  for (const rung of wanted) {
    tried.push(await tryRung(rung, resources, step));
  }
  const problems = tried.flatMap(({ problem }) => problem ?? []);
  const working = tried.flatMap(({ candidate }) => candidate ?? []).sort((a, b) => a.stepMs - b.stepMs);
  const [best, ...others] = working;
  if (!best) return { ok: false, errors: problems, warnings: [] };
  others.forEach(({ started }) => started.dispose());
  await tf.setBackend(best.name);
  const broken = problems.filter(({ code }) => code !== 'engine-missing').map(asFallback(best.started));
  return { ok: true, value: { rung: best.started, facts: factsOf(best, others, pinned, tried) }, warnings: broken };
}

async function tryRung(rung: Rung, resources: EngineResources, step: (kernels: Kernels) => Promise<void>): Promise<Tried> {
  let started: StartedRung | undefined;
  try {
    const checked = await rung.start(resources);
    if (!checked.ok) return out(rung, checked.errors[0]!);
    started = checked.value;
    const wrong = await selfTest(started.kernels);
    if (wrong !== undefined) throw new Error(wrong);
    const stepMs = await timeOf(() => step(checked.value.kernels));
    return { facts: { name: rung.name, ok: true, stepMs }, candidate: { name: rung.name, started, stepMs } };
  } catch (error) {
    started?.dispose();
    const message = error instanceof Error ? error.message : String(error);
    return out(rung, { code: 'engine-failed', severity: 'error', message: `the ${rung.name} engine failed its test: ${message}`, fix: 'run `thaw doctor` and report what it prints' });
  }
}

const out = ({ name }: Rung, problem: Diagnostic): Tried => ({ facts: { name, ok: false, why: problem.message }, problem });

/** The first step also makes room and compiles. A second is timed, unless the first was so slow that it tells enough. */
async function timeOf(step: () => Promise<void>): Promise<number> {
  const start = monotonicMs();
  await step();
  const firstMs = monotonicMs() - start;
  if (firstMs > slowMs) return firstMs;
  await step();
  return monotonicMs() - start - firstMs;
}

const slowMs = 500;

function factsOf(best: Candidate, others: readonly Candidate[], pinned: string | undefined, tried: readonly Tried[]): ChosenEngine['facts'] {
  const { title, device, threads } = best.started;
  const missing = tried.find(({ problem }) => problem?.code === 'engine-missing')?.problem;
  return {
    name: best.name, title, device, threads, why: whyOf(best, others, pinned), tried: tried.map(({ facts }) => facts),
    ...(missing && { advice: adviceOn(missing) }),
  };
}

/** The factor: timedStep on WebAssembly over that on TensorFlow, on two cores. */
const adviceOn = ({ message, fix }: Diagnostic): string =>
  fix?.includes('engine install') ? `${message}: ${fix}; blocks then train about 8 × faster, a head alone hardly` : message;

function whyOf({ stepMs }: Candidate, others: readonly Candidate[], pinned: string | undefined): string {
  if (pinned !== undefined) return 'asked for';
  if (others.length === 0) return 'the only one here that passed the gradient self-test';
  const factors = others.map((other) => `${(other.stepMs / stepMs).toFixed(1)} × ${other.name}`).join(', ');
  return `fastest of ${others.length + 1} that passed the gradient self-test (${factors})`;
}

const asFallback = ({ title }: StartedRung) => ({ message, fix }: Diagnostic): Diagnostic =>
  ({ code: 'engine-fallback', severity: 'warning', message: `${message}; training goes on with ${title}`, ...(fix !== undefined && { fix }) });

const unknownEngine = (pinned: string | undefined, rungs: readonly Rung[]): Diagnostic => ({
  code: 'engine-missing', severity: 'error', message: `there is no engine "${pinned ?? ''}" to train on`, fix: `choose one of: ${rungs.map(({ name }) => name).join(', ')}`,
});
