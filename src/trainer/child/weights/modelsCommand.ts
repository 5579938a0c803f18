import type { Checked } from '../../../protocol/diagnostic.ts';
import type { FetchedModel, InstallProgress } from '../../../protocol/answers.ts';
import { cardOfModel } from '../../hub/knownBackbones.ts';
import { fetchCard } from './obtainCard.ts';
import type { FetchOptions } from '../../hub/fetchModel.ts';
import { findModel, listModels, modelBytes, nameOfModel, removeModels, type CachedModel } from '../../hub/modelCache.ts';
import { parseBackboneName, type HubName } from '../../../backbones/backboneName.ts';
import { monotonicMs } from '../../../base/clock.ts';
import { Pace } from '../../download/pace.ts';
import { Refused } from '../../../protocol/diagnostic.ts';
import { suggest } from '../../../base/suggest.ts';
import { valueOf } from '../photos/dataset.ts';

/** `thaw models list | add | remove`, for the terminal and for the extension (through the trainer's `models`). */
export interface ModelsCommand extends Omit<FetchOptions, 'onBytes'> {
  readonly onProgress: (progress: InstallProgress) => void;
}

/** Every model that was fetched, by name. */
export const listFetched = (cache: string): readonly FetchedModel[] => listModels(cache).map((model) => factsOf(cache, model));

/** Fetches a backbone, or what is newer of it, and looks whether its tensors fit. Without a network, what is cached will do: said. */
export async function addModel(written: string, { onProgress, ...options }: ModelsCommand): Promise<Checked<FetchedModel>> {
  const name = hubNameOf(written), { cache } = options;
  try {
    await fetchCard(name, { ...options, onBytes: paced(onProgress) });
    return { ok: true, value: factsOf(cache, findModel(cache, name)!), warnings: [] };
  } catch (error) {
    const [problem] = error instanceof Refused ? error.diagnostics : [], cached = problem?.code === 'hub-unreachable' ? findModel(cache, name) : undefined;
    if (!problem || !cached) throw nearNames(error, written, cache);
    const message = `${written} stays as it was fetched on ${cached.fetchedAt.slice(0, 10)} (commit ${cached.commit.slice(0, 7)}): the hub cannot be reached`;
    return { ok: true, value: factsOf(cache, cached), warnings: [{ ...problem, severity: 'warning', code: 'backbone-aged', message }] };
  }
}

/** Forgets a backbone, in all revisions unless one is named. */
export function removeModel(written: string, cache: string): Checked<FetchedModel & { readonly freedBytes: number }> {
  const name = hubNameOf(written), all = listModels(cache).filter(({ repo }) => repo === name.repo);
  const meant = written.includes('@') ? all.filter(({ commit, revisions }) => commit === name.revision || name.revision in revisions) : all;
  const [first] = meant;
  if (!first) {
    const near = suggest(written, listModels(cache).map(nameOfModel));
    return { ok: false, warnings: [], errors: [{ code: 'backbone-not-fetched', severity: 'error', message: `${written} is not in the cache`, fix: near ? `did you mean "${near}"?` : 'see: thaw models list' }] };
  }
  const facts = factsOf(cache, first);
  return { ok: true, value: { ...facts, name: written, freedBytes: removeModels(cache, meant) }, warnings: [] };
}

function hubNameOf(written: string): HubName {
  const name = valueOf(parseBackboneName(written));
  if (name.kind === 'hub') return name;
  const fix = /^[\w.-]+\/[\w.-]+(@.+)?$/.test(written) ? `did you mean "hf:${written}"?` : 'write hf:owner/name, for example hf:timm/resnet50.a1_in1k';
  throw new Refused([{ code: 'unknown-backbone', severity: 'error', message: `${JSON.stringify(written)} is not the name of a repository on a hub`, fix }]);
}

/** A name that the hub does not have may be a slip of one that is here. */
function nearNames(error: unknown, written: string, cache: string): unknown {
  const [problem] = error instanceof Refused ? error.diagnostics : [];
  const near = problem?.code === 'hub-not-found' ? suggest(written, listModels(cache).map(nameOfModel)) : undefined;
  return problem && near !== undefined ? new Refused([{ ...problem, fix: `did you mean "${near}"? Otherwise ${problem.fix ?? ''}` }]) : error;
}

function factsOf(cache: string, model: CachedModel): FetchedModel {
  const card = cardOfModel(cache, model), name = nameOfModel(model);
  return {
    name, commit: model.commit, fetchedAt: model.fetchedAt, sizeBytes: modelBytes(model),
    title: card.ok ? card.value.title : name, licence: card.ok ? card.value.licence : model.licence ?? 'not stated',
  };
}

/** With rate and time left, ten times a second at most. */
function paced(onProgress: ModelsCommand['onProgress']): (doneBytes: number, totalBytes: number) => void {
  const pace = new Pace();
  let saidMs = -Infinity;
  return (doneBytes, totalBytes) => {
    const now = monotonicMs();
    if (now - saidMs < 100 && doneBytes < totalBytes) return;
    saidMs = now;
    onProgress({ activity: 'fetching', doneBytes, totalBytes, ...pace.at(now, doneBytes, totalBytes) });
  };
}
