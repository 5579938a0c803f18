/**
 * Picks the engine that trains: each that is there must compute the right gradients, then the fastest in a timed step of
 * what the plan trains wins. Nothing falls back silently: what was tried, and why the others lost, goes into the run.
 */
import * as tf from '@tensorflow/tfjs-core';
import { monotonicMs } from '../base/clock.ts';
import { about } from '../base/units.ts';
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import type { EngineFacts, RungFacts } from '../protocol/runEvent.ts';
import type { EngineResources, Rung, StartedRung } from './rungs/rung.ts';
import { selfTest } from './selfTest.ts';
import type { TimedPart } from './timedPart.ts';
import { timedStep } from './timedStep.ts';

export interface ChooseOptions {
  readonly resources: EngineResources;
  /** The only one to use, or to refuse. */
  readonly pinned?: EngineFacts['name'] | undefined;
  /** What to time. */
  readonly part: TimedPart;
  /** For all tests, loading the engines left out. Each rung may take its share of what is left; once it is spent, those that come later are left out, if one before works. */
  readonly budgetMs?: number;
  /** How to time it, in milliseconds: for tests. */
  readonly time?: typeof timedStep;
}

export interface ChosenEngine {
  /** Its backend is the current one; the others are gone. */
  readonly rung: StartedRung;
  readonly facts: Omit<EngineFacts, 'node' | 'prefix' | 'machine'>;
}

interface Candidate {
  readonly name: EngineFacts['name'];
  readonly started: StartedRung;
  readonly stepMs: number;
  /** What it said as it started. */
  readonly warnings: readonly Diagnostic[];
}

interface Tried {
  readonly facts: RungFacts;
  readonly candidate?: Candidate;
  /** Why it is out: `engine-missing` where that is nobody's fault. */
  readonly problem?: Diagnostic;
  /** Self-test and timed step; loading it left out. */
  readonly testsMs?: number;
}

export async function chooseEngine(rungs: readonly Rung[], options: ChooseOptions): Promise<Checked<ChosenEngine>> {
  const { pinned, budgetMs = Infinity } = options;
  const wanted = rungs.filter(({ name }) => pinned === undefined || name === pinned);
  if (wanted.length === 0) return { ok: false, errors: [unknownEngine(pinned, rungs)], warnings: [] };
  const tried: Tried[] = [];
  let testsMs = 0;
  for (const [i, rung] of wanted.entries()) {
    const leftMs = budgetMs - testsMs, late = leftMs < 0 && tried.some(({ candidate }) => candidate);
    const result: Tried = late ? { facts: { name: rung.name, ok: false, why: `not tried: the tests before took ${about(testsMs)}` } } : await tryRung(rung, options, leftMs / (wanted.length - i));
    tried.push(result);
    testsMs += result.testsMs ?? 0;
  }
  const problems = tried.flatMap(({ problem }) => problem ?? []);
  const working = tried.flatMap(({ candidate }) => candidate ?? []), best = bestOf(working), others = working.filter((each) => each !== best);
  if (!best) return { ok: false, errors: problems, warnings: [] };
  others.forEach(({ started }) => started.dispose());
  await tf.setBackend(best.name);
  const broken = problems.filter(({ code }) => code !== 'engine-missing').map(asFallback(best.started));
  return { ok: true, value: { rung: best.started, facts: factsOf(best, others, options, tried, testsMs) }, warnings: [...best.warnings, ...broken] };
}

/** The fastest; but of two on one device the one before in the ladder, if the other is not half as fast again: it is quicker with whatever is thawed later, and its prices are known. */
const bestOf = (working: readonly Candidate[]): Candidate | undefined => working.reduce<Candidate | undefined>((best, each) =>
  best && each.stepMs * (each.started.device === best.started.device ? clearly : 1) >= best.stepMs ? best : each, undefined);

const clearly = 1.5;

async function tryRung(rung: Rung, { resources, pinned, part, time = timedStep }: ChooseOptions, leftMs: number): Promise<Tried> {
  let started: StartedRung | undefined;
  try {
    const checked = await rung.start({ ...resources, asked: pinned === rung.name });
    if (!checked.ok) return out(rung, checked.errors[0]!);
    started = checked.value;
    const startMs = monotonicMs(), wrong = await selfTest(started.kernels);
    if (wrong !== undefined) throw new Error(wrong);
    const stepMs = await time(started.kernels, part, leftMs - (monotonicMs() - startMs));
    return { facts: { name: rung.name, title: started.title, ok: true, stepMs }, candidate: { name: rung.name, started, stepMs, warnings: checked.warnings }, testsMs: monotonicMs() - startMs };
  } catch (error) {
    started?.dispose();
    const message = error instanceof Error ? error.message : String(error);
    return out(rung, { code: 'engine-failed', severity: 'error', message: `the ${rung.name} engine failed its test: ${message}`, fix: 'run `thaw doctor` and report what it prints' });
  }
}

const out = ({ name }: Rung, problem: Diagnostic): Tried => ({ facts: { name, ok: false, why: problem.message }, problem });

function factsOf(best: Candidate, others: readonly Candidate[], { pinned, part }: ChooseOptions, tried: readonly Tried[], testsMs: number): ChosenEngine['facts'] {
  const { title, device, threads } = best.started;
  const missing = tried.find(({ facts, problem }) => facts.name === 'tensorflow' && problem?.code === 'engine-missing')?.problem;
  return {
    name: best.name, title, device, threads, why: whyOf(best, others, pinned), timed: part.title, testsMs, tried: tried.map(({ facts }) => facts),
    ...(missing && { advice: adviceOn(missing) }),
  };
}

/** The factor: timedStep on WebAssembly over that on TensorFlow, on two cores. */
const adviceOn = ({ message, fix }: Diagnostic): string =>
  fix?.includes('engine install') ? `${message}: ${fix}; blocks then train about 6 × faster, a head alone hardly` : message;

function whyOf({ stepMs }: Candidate, others: readonly Candidate[], pinned: string | undefined): string {
  if (pinned !== undefined) return 'asked for';
  if (others.length === 0) return 'the only one here that passed the gradient self-test';
  const factors = others.map((other) => `${(other.stepMs / stepMs).toFixed(1)} × ${other.name}`).join(', ');
  if (others.some((other) => other.stepMs < stepMs)) return `nearly the fastest of ${others.length + 1} for this (${factors}), and the fastest for more layers`;
  return `fastest of ${others.length + 1} that passed the gradient self-test (${factors})`;
}

const asFallback = ({ title }: StartedRung) => ({ message, fix }: Diagnostic): Diagnostic =>
  ({ code: 'engine-fallback', severity: 'warning', message: `${message}; training goes on with ${title}`, ...(fix !== undefined && { fix }) });

const unknownEngine = (pinned: string | undefined, rungs: readonly Rung[]): Diagnostic => ({
  code: 'engine-missing', severity: 'error', message: `there is no engine "${pinned ?? ''}" to train on`, fix: `choose one of: ${rungs.map(({ name }) => name).join(', ')}`,
});
