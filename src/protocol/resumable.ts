import type { Diagnostic } from './diagnostic.ts';
import type { RunManifest } from './runManifest.ts';
import { hasEnded } from './hasEnded.ts';

/** Why a run cannot go on from where it is; undefined: it can. */
export function whyNotResumable({ status, controlOf, claim, problem, continues }: Pick<RunManifest, 'status' | 'controlOf' | 'claim' | 'problem' | 'continues'>): Diagnostic | undefined {
  const refused = (message: string, fix: string): Diagnostic => ({ code: 'resume-refused', severity: 'error', message, fix });
  if (controlOf !== undefined) return refused('this is a control', 'add the control again (thaw control <run> <kind>): it goes on from where it was');
  if (!hasEnded(status)) return refused('this run has not ended', 'watch it, or stop it first');
  if (status === 'finished') return refused('this run was trained to its end', 'add the controls that it lacks, or change the experiment and run it again');
  if (claim !== undefined) return refused('this run was judged where it was stopped', 'run the experiment again');
  if (problem?.code === 'non-finite-loss') return refused('its loss became no number, and would again', problem.fix ?? 'lower the rate, and run it again');
  if (continues && continues.spentMs === undefined) return refused('it has not taken over the run that it was to go on from', `resume ${continues.run}, which is as it was`);
  return undefined;
}
