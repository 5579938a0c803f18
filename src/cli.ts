import { createHash } from 'node:crypto';
import { existsSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Refused, diagnosticText, diagnosticsOf, visible, type Checked, type Diagnostic } from './protocol/diagnostic.ts';
import { experimentBase, isManifestName } from './experiment/manifestName.ts';
import { experimentText, presets, type PresetName } from './experiment/presets.ts';
import { dataText } from './experiment/dataText.ts';
import { minutesOf } from './experiment/duration.ts';
import { becauseOf, withBudget } from './experiment/recommend.ts';
import { bytes, percent } from './base/units.ts';
import { boardTable } from './terminal/boardTable.ts';
import { changeOf } from './experiment/trainList.ts';
import { patternNames } from './backbones/freezePlan.ts';
import { cacheTable } from './terminal/cacheTable.ts';
import { diagnosticOf, exitCodes } from './trainer/child/exit.ts';
import { findNode } from './trainer/host/findNode.ts';
import { formatJson } from './protocol/jsonText.ts';
import { compareTable } from './terminal/compareTable.ts';
import { costTable } from './terminal/costTable.ts';
import { formatResolved } from './experiment/format.ts';
import { planDifferences, planValues } from './experiment/planValues.ts';
import { anyBackbone } from './backbones/backbones.ts';
import { isFolder } from './backbones/backboneName.ts';
import { paint, type Paint } from './terminal/paint.ts';
import { predictPlan } from './experiment/predict.ts';
import { parseBoard, parseCostBasis, parseDiagnostics, parseEngineFacts, parseEstimate, parseExplanations, parsePredictions, parseRankProgress } from './protocol/guards.ts';
import type { Estimate } from './protocol/answers.ts';
import type { Parsed } from './protocol/shape.ts';
import { Bug } from './base/bug.ts';
import { engineTable } from './terminal/engineTable.ts';
import { rankLine } from './terminal/rankLine.ts';
import { readArguments, usage, type Options } from './terminal/arguments.ts';
import { readManifest } from './runs/manifest.ts';
import { resolveExperiment, type Resolved } from './experiment/resolve.ts';
import { placesOf, preparePlace, runFolder, type RunFolder } from './runs/runFolder.ts';
import { runLine } from './terminal/runLine.ts';
import { RunScreen, type Screen } from './terminal/followRun.ts';
import { suggest } from './base/suggest.ts';
import { sweepOf, type Member } from './experiment/sweep.ts';
import { sweepRows } from './evidence/sweep.ts';
import { sweepTable, variantTable } from './terminal/sweepTable.ts';
import { variantsOf } from './runs/variants.ts';
import { TrainerHost, type StartRequest } from './trainer/host/trainerHost.ts';
import { clipped, wrapped } from './terminal/fit.ts';
import { explainNote, sanityText } from './protocol/explainWords.ts';
import { controlKinds } from './protocol/verdict.ts';
import { endCard } from './terminal/endCard.ts';
import { foldJournal } from './runs/foldJournal.ts';
import { createInterface } from 'node:readline/promises';
import { engineList } from './terminal/engineList.ts';
import { engineOffers, enginesNamed, installCommand, removeCommand } from './trainer/native/engineCommand.ts';
import { installLine } from './terminal/installLine.ts';
import { interruptedBytes, listEngines } from './trainer/native/engineCache.ts';
import { addModel, listFetched, removeModel } from './trainer/child/modelsCommand.ts';
import { knownBackbones } from './trainer/hub/knownBackbones.ts';
import { initialRun, reduceRun } from './protocol/reduceRun.ts';
import { liveLine } from './terminal/liveLine.ts';
import { rateTable } from './terminal/rateTable.ts';
import type { Plan } from './experiment/plan.ts';
import { modelLine } from './terminal/modelLine.ts';
import { takeHubAccess, userCacheFolder, userDataFolder } from './base/environment.ts';
import { engineNamed, trainingEngines, type Outcome, type RunEvent } from './protocol/runEvent.ts';
import type { PlanValue } from './protocol/previewMessages.ts';
import type { RunId, RunManifest } from './protocol/runManifest.ts';
import type { RunState } from './protocol/reduceRun.ts';

/** The same product without an editor. Exit codes are in `thaw --help`. */
const commands: Readonly<Record<string, (operands: readonly string[], options: Options) => Promise<number>>> = {
  run, check, plan, cost, lr, rank, predict, explain, runs, compare, stop, control, confirm: confirmRun, doctor, engine, models, cache,
  thaw: (operands, options) => changeLayers('thaw', operands, options), freeze: (operands, options) => changeLayers('freeze', operands, options),
};
/** Dozens of large backbones, on one core. */
const rankTimeoutMs = 3_600_000;
const stopped = 130, unread = 141; // 128 + SIGINT, 128 + SIGPIPE
const colours = process.stdout.isTTY && !process.env['NO_COLOR'];
const ink = paint(colours);

async function main(argv: readonly string[]): Promise<number> {
  const parsed = readArguments(argv);
  if (typeof parsed === 'string') return wrongUsage(parsed);
  const { command, operands, options } = parsed;
  if (options.version) return print(await version());
  if (options.help || command === '' || command === 'help') return print(usage);
  const found = commands[command];
  if (!found) return wrongUsage(`there is no command "${command}"${didYouMean(command)}`);
  try {
    return await found(operands, options);
  } catch (error) {
    if (error instanceof Refused) return complain(error.diagnostics);
    const diagnostic = diagnosticOf(error);
    if (diagnostic.code === 'internal-error') process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    return complain([diagnostic]);
  }
}

/** Starts a run as the editor does, follows its journal, ends when it does. Ctrl+C asks it to stop; again, it is left to itself. */
async function run([target]: readonly string[], options: Options): Promise<number> {
  if (target === undefined) return wrongUsage('thaw run <folder | file.thaw.yaml>');
  const { file, home } = await experimentFor(resolve(target), options), host = hostOf(home);
  const { plan } = valueOf(await experimentAt(file, options)), members = sweepOf(plan); // a run that cannot begin leaves no folder behind
  const request: StartRequest = { experimentFile: file, overrides: overridesOf(options), ...engineWish(options), ...(options['feature-cache-gb'] !== undefined && { featureCacheMaxGb: gigabytesOf(options['feature-cache-gb']) }) };
  if (members.length > 0) return sweep(host, request, members, options);
  const started = await host.startRun(request);
  const id = valueOf(started);
  if (started.ok) started.warnings.forEach((warning) => warn(warning));
  if (options.detach) return print(id);
  const ahead = host.findRuns().runs.find(({ folder, life }) => life !== 'ended' && folder.id !== id);
  if (ahead) process.stderr.write(`${visible(ahead.manifest.title)} trains here (${ahead.folder.id}): this run begins when that has ended\n`);
  return follow(host, id, file, options);
}

/** The runs of `variants` and `seeds`, one after the other; Ctrl+C stops the one at work and all that wait. */
async function sweep(host: TrainerHost, request: StartRequest, members: readonly Member[], options: Options): Promise<number> {
  const ids = valueOf(await host.startSweep(request, members));
  if (options.detach) return print(ids.join('\n'));
  let code = 0;
  for (const [i, id] of ids.entries()) {
    if (options.json) process.stdout.write(`${formatJson({ type: 'run', id, name: members[i]!.name })}\n`);
    else process.stdout.write(`${i > 0 ? '\n' : ''}${ink.bold(`${i + 1} of ${ids.length}: ${visible(members[i]!.name)}`)}\n`);
    const ended = await follow(host, id, request.experimentFile, options, true);
    if (ended === stopped) await Promise.all(ids.slice(i + 1).map((waiting) => host.stopRun(waiting)));
    if (code === 0) code = ended;
    if (ended === stopped) break;
  }
  if (!options.json) {
    const runs = ids.map((id) => valueOf(host.folderOf(id))).map((folder) => ({ folder, manifest: valueOf(readManifest(folder)) })), { task } = runs[0]!.manifest;
    const variants = variantTable(sweepRows(variantsOf(runs, true), task === 'image-regression'), task, ink);
    print(`\n${sweepTable(runs.map(({ manifest }) => manifest), ink)}${variants === undefined ? '' : `\n\n${variants}`}`);
  }
  return code;
}

async function follow(host: TrainerHost, id: RunId, file: string, options: Options, isOneOfMany = false): Promise<number> {
  const folder = valueOf(host.folderOf(id)), { outcome, state } = await watched(host, id, options);
  if (!options.json && !isOneOfMany) {
    const here = (path: string): string => visible(relative(process.cwd(), path) || '.');
    process.stdout.write(`\n${ink.dim('run folder')}  ${here(folder.path)}\n`);
    if (state.tested) process.stdout.write(`${ink.dim('next')}        thaw predict latest <photos …>   ${ink.dim('· edit')} ${here(file)} ${ink.dim('and run it again')}\n`);
  }
  return codeOf(folder, outcome);
}

const codeOf = (folder: RunFolder, outcome: Outcome | undefined): number =>
  outcome === 'finished' ? 0 : outcome === 'stopped' ? stopped : valueOf(readManifest(folder)).problem?.code === 'internal-error' ? exitCodes.internal : 1;

/** Shows a run until it ends, asks it to stop on Ctrl+C. */
async function watched(host: TrainerHost, id: RunId, options: Options): Promise<{ readonly outcome: Outcome | undefined; readonly state: RunState }> {
  const manifest = valueOf(readManifest(valueOf(host.folderOf(id))));
  const screen = new RunScreen(manifest, terminal(options), ink), ending = new AbortController();
  let asked = false;
  const interrupted = (): void => {
    if (asked) process.exit(stopped);
    asked = true;
    process.stderr.write('\nstopping: it finishes its step and keeps a checkpoint (Ctrl+C again leaves it to itself)\n');
    void host.stopRun(id);
  };
  process.on('SIGINT', interrupted);
  const controls: Promise<void>[] = [];
  let outcome: Outcome | undefined;
  for await (const event of host.eventsOf(id, 0, ending.signal)) {
    if (event.type === 'ended') outcome = event.outcome;
    if (options.json) process.stdout.write(`${formatJson(event)}\n`);
    else screen.onEvent(event);
    if (event.type === 'control-started' && !options.json) controls.push(followControl(host, event.runId, screen, ending.signal));
  }
  ending.abort();
  await Promise.all(controls);
  process.off('SIGINT', interrupted);
  if (!options.json) screen.end();
  return { outcome, state: screen.state };
}

/** Adds a control to a run that has ended; its verdict is then said anew. */
async function control([name, kind]: readonly string[], options: Options): Promise<number> {
  const found = controlKinds.find((each) => each === kind);
  if (name === undefined || !found) return wrongUsage(`thaw control <run> <${controlKinds.join(' | ')}>`);
  const { host, folder } = runNamed(name, options), of = runFolder(folder), budget = options['scratch-budget'];
  const id = valueOf(await host.addControl(of.id, found, { ...engineWish(options), ...(budget !== undefined && { overrides: { scratchBudget: budget } }) }));
  if (options.detach) return print(id);
  const { outcome } = await watched(host, id, options);
  if (!options.json && outcome === 'finished') await printCard(of);
  return codeOf(valueOf(host.folderOf(id)), outcome);
}

/** Repeats a run with other seeds until three can be judged together. */
async function confirmRun([name]: readonly string[], options: Options): Promise<number> {
  if (name === undefined) return wrongUsage('thaw confirm <run>');
  const { host, folder } = runNamed(name, options), asked = runFolder(folder), ids = valueOf(await host.confirm(asked.id));
  if (options.detach) return print(ids.join('\n'));
  for (const id of ids) {
    const { outcome } = await watched(host, id, options);
    if (outcome !== 'finished') return codeOf(valueOf(host.folderOf(id)), outcome);
  }
  if (!options.json) await printCard(runFolder(join(folder, '..', valueOf(readManifest(asked)).seedOf ?? asked.id)));
  return 0;
}

async function printCard(folder: RunFolder): Promise<void> {
  const card = endCard(await foldJournal(folder, valueOf(readManifest(folder))), folder.id, ink);
  process.stdout.write(`\n${wrapped(card, Math.min(100, terminal({}).columns))}\n`);
}

const engineWish = ({ engine: name }: Options): { engine?: ReturnType<typeof engineOf> } => name === undefined ? {} : { engine: engineOf(name) };

async function followControl(host: TrainerHost, id: string, screen: RunScreen, signal: AbortSignal): Promise<void> {
  const manifest = valueOf(readManifest(valueOf(host.folderOf(id))));
  for await (const event of host.eventsOf(id, 0, signal)) screen.onControlEvent(manifest, event);
}

/** The experiment file of a target, and where its runs are kept: the file itself, or the one of a folder, written when there is none. */
async function experimentFor(target: string, options: Options): Promise<{ readonly file: string; readonly home: string }> {
  if (!existsSync(target)) throw refused('no-folder', 'there is no such file or folder', target, 'check the path');
  const home = homeOf(target, options);
  if (!statSync(target).isDirectory() && !isManifestName(target)) return { file: target, home };
  const beside = `${experimentBase(target)}.thaw.yaml`;
  // For where the folder's neighbourhood cannot be written; two folders of one name keep apart.
  const elsewhere = `${basename(experimentBase(target))}-${createHash('sha256').update(target).digest('hex').slice(0, 6)}.thaw.yaml`;
  const existing = [beside, ...placesOf(home, userDataFolder()).map(({ path }) => join(path, elsewhere))].find((file) => existsSync(file));
  if (existing !== undefined) {
    if (options.preset !== undefined) process.stderr.write(`${visible(existing)} is there already: --preset changes nothing; edit the file, or delete it\n`);
    return { file: existing, home };
  }
  const { backbone, budget } = overridesOf(options), minutes = minutesOf(budget ?? '');
  if (budget !== undefined && minutes === undefined) throw refused('wrong-type', `the budget ${JSON.stringify(budget)} is no time`, undefined, 'for example --budget "5 min"');
  const estimated = options.preset === undefined || isManifestName(target) ? withBudget(await estimate(hostOf(home), target), minutes) : undefined, preset = options.preset ?? estimated!.plans[0]!.preset;
  const offered = estimated?.plans.map((plan) => plan.preset) ?? presets.map(({ name }) => name as string);
  if (!offered.includes(preset)) throw refused('out-of-range', `there is no preset "${preset}"${estimated?.task ? ` for ${estimated.task}` : ''}`, undefined, `one of: ${offered.join(', ')}`);
  const named = backbone !== undefined && { backbone, backbones: knownBackbones(userCacheFolder()) }; // a recipe names the blocks of its backbone
  const write = (file: string, folder: string): string => {
    writeFileSync(file, experimentText(preset as PresetName, { folder, ...named, ...(budget !== undefined && { budget }), ...(estimated && { because: becauseOf(estimated, preset as PresetName) }), ...(estimated?.task && { task: estimated.task }) }), { flag: 'wx' });
    process.stderr.write(`wrote ${visible(file)}\n`);
    return file;
  };
  try {
    return { file: write(beside, basename(target)), home };
  } catch (error) {
    if (diagnosticOf(error).code !== 'unwritable') throw error;
    return { file: write(join(valueOf(preparePlace(home, userDataFolder())).path, elsewhere), target), home };
  }
}

async function estimate(host: TrainerHost, folder: string): Promise<Estimate> {
  const found = answered(parseEstimate(valueOf(await host.ask('estimate', [folder], { timeoutMs: 600_000 }))));
  if (found.problems.some(({ severity }) => severity === 'error')) throw new Refused(found.problems);
  return found;
}

async function check([file]: readonly string[], options: Options): Promise<number> {
  if (file === undefined) return wrongUsage('thaw check <file.thaw.yaml>');
  const checked = await experimentAt(resolve(file), options);
  const seen = options.data && checked.ok ? answered(parseDiagnostics(valueOf(await hostOf(process.cwd()).ask('preflight', [checked.value.plan.data.manifest ?? checked.value.plan.data.folder, checked.value.plan.backbone], { timeoutMs: 600_000 })))) : [];
  const found = [...diagnosticsOf(checked), ...seen];
  if (options.json) return print(formatJson({ ok: checked.ok, diagnostics: found }), checked.ok ? 0 : 1);
  found.forEach((diagnostic) => warn(diagnostic));
  const warnings = found.filter(({ severity }) => severity === 'warning').length, said = warnings === 0 ? 'no problems' : `no errors, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  return checked.ok ? print(ink.green(`${visible(file)}: ${said}`)) : 1;
}

/** Every value that a run of the file would have, and where it came from. */
async function plan([file]: readonly string[], options: Options): Promise<number> {
  if (file === undefined) return wrongUsage('thaw plan <file.thaw.yaml>');
  const { plan: resolved, origins } = valueOf(await experimentAt(resolve(file), options));
  return print(options.json ? formatJson({ plan: resolved, origins }) : formatResolved(resolved, origins));
}

/** What two runs have not in common, and what came of it. */
async function compare([left, right, ...more]: readonly string[], options: Options): Promise<number> {
  if (left === undefined || right === undefined || more.length > 0) return wrongUsage('thaw compare <run> <run>');
  const [one, other] = await Promise.all([comparedRun(left, options), comparedRun(right, options)]), differences = planDifferences(one.values, other.values);
  return print(options.json ? formatJson({ runs: [one.manifest, other.manifest], differences }) : compareTable([one.manifest, other.manifest], differences, ink));
}

async function comparedRun(name: string, options: Options): Promise<{ readonly manifest: RunManifest; readonly values: readonly PlanValue[] }> {
  const folder = runFolder(runNamed(name, options).folder), manifest = valueOf(readManifest(folder));
  const text = await readFile(folder.resolvedPlan).catch(() => { throw refused('no-run', 'this run ended before its plan was resolved', folder.path, 'compare another run'); });
  const { plan: resolved, origins } = valueOf(resolveExperiment(text, { file: folder.resolvedPlan, folderOf: (written) => written, backbones: anyBackbone }));
  return { manifest, values: planValues(resolved, origins) };
}

/** What each freeze cut would cost here, and the plan as it stands. The first time, the machine is measured. */
async function cost([file]: readonly string[], options: Options): Promise<number> {
  if (file === undefined) return wrongUsage('thaw cost <file.thaw.yaml>');
  const { plan, backbone } = valueOf(await experimentAt(resolve(file), options));
  if (!backbone) throw refused('weights-missing', `the layers of ${plan.backbone} are known once it has been fetched`, file, `\`thaw models add ${plan.backbone}\``);
  const basis = answered(parseCostBasis(valueOf(await hostOf(process.cwd()).ask('cost', [dataText(plan)], { timeoutMs: 600_000 }))));
  const { stages, cuts } = predictPlan(plan, backbone, basis);
  const named = stages.map((stage, i) => ({ name: plan.stages[i]!.name, epochs: plan.stages[i]!.epochs, ...stage }));
  return print(options.json ? formatJson({ basis, stages: named, cuts }) : costTable({ basis, stages: named, cuts, batch: plan.batch }, ink));
}

/** Which backbone knows most of the classes of a folder, or of what a manifest or an experiment names, before anything is trained. What was measured before is not measured again. */
async function rank([target, ...more]: readonly string[], options: Options): Promise<number> {
  if (target === undefined || more.length > 0) return wrongUsage('thaw rank <folder | manifest | file.thaw.yaml>');
  const folder = await photosAt(resolve(target), options), host = hostOf(homeOf(folder, options));
  const names = (options.backbone ?? []).map((name) => isFolder(name) ? resolve(name) : name);
  const tell = (say: (line: string) => void) => telling(options, say, rankLine);
  const done = await withLiveLine(options, (say, signal) => host.rank(folder, names, {
    signal, timeoutMs: rankTimeoutMs,
    onProgress: (value) => {
      const progress = parseRankProgress(value);
      if (progress.ok) tell(say)(progress.value);
    },
  }));
  if (!done) return stopped;
  const board = answered(parseBoard(valueOf(done)));
  if (options.json) return print(formatJson(board), board.rows.length > 0 ? 0 : 1);
  board.failed.forEach(({ problem }) => warn(problem));
  if (board.rows.length === 0) return 1;
  return print(boardTable(board, ink));
}

/** A folder or a manifest as it is; of an experiment, the one that it names. */
async function photosAt(target: string, options: Options): Promise<string> {
  if (!existsSync(target) || statSync(target).isDirectory() || isManifestName(target)) return target;
  const { plan: { data } } = valueOf(await experimentAt(target, options));
  return data.manifest ?? data.folder;
}

/** Tries learning rates on a stage; the result is kept for the editor, too. */
async function lr([file]: readonly string[], options: Options): Promise<number> {
  if (file === undefined) return wrongUsage('thaw lr <file.thaw.yaml> [--stage <name | number>]');
  const path = resolve(file), { plan } = valueOf(await experimentAt(path, options)), stage = stageNamed(plan, options.stage, file);
  const screen = terminal(options), interrupt = new AbortController(), wipe = (): void => { if (screen.live) screen.write('\r\u001b[2K'); };
  process.once('SIGINT', () => interrupt.abort());
  let state = initialRun({ status: 'queued' });
  const onEvent = (event: RunEvent): void => {
    state = reduceRun(state, event);
    wipe();
    if (options.json) process.stdout.write(`${formatJson(event)}\n`);
    else if (event.type === 'warning' && event.diagnostic.severity !== 'information') warn(event.diagnostic);
    if (screen.live) screen.write(clipped(liveLine(state, undefined, ink), screen.columns - 1));
  };
  try {
    const engine = options.engine === undefined ? undefined : engineOf(options.engine);
    const test = valueOf(await hostOf(homeOf(path, options)).findRate(path, stage, { engine, signal: interrupt.signal, onEvent }));
    wipe();
    return print(options.json ? formatJson(test) : rateTable(test, screen.columns, ink));
  } catch (error) {
    wipe();
    if (interrupt.signal.aborted) return stopped;
    throw error;
  }
}

/** By its name, or counted from 1; left out: the last, which trains most. */
function stageNamed({ stages }: Plan, wanted: string | undefined, file: string): number {
  if (wanted === undefined) return stages.length - 1;
  const named = stages.findIndex(({ name }) => name === wanted), found = named >= 0 ? named : Number(wanted) - 1;
  if (stages[found]) return found;
  throw refused('out-of-range', `there is no stage ${JSON.stringify(wanted)}`, file, `one of: ${stages.map(({ name }, i) => `${name} (${i + 1})`).join(', ')}`);
}

/** What a run of the file would do, or everything that is wrong with it. */
async function experimentAt(path: string, options: Options): Promise<Checked<Resolved>> {
  const shown = relative(process.cwd(), path);
  const text = await readFile(path).catch((error: unknown) => {
    throw refused('no-experiment-file', `no experiment file can be read there: ${error instanceof Error ? error.message : String(error)}`, shown, 'check the path');
  });
  return resolveExperiment(text, { file: shown, folderOf: (written) => resolve(dirname(path), written), overrides: overridesOf(options), backbones: knownBackbones(userCacheFolder()) });
}

async function predict([name, ...files]: readonly string[], options: Options): Promise<number> {
  if (name === undefined || files.length === 0) return wrongUsage('thaw predict <run> <files …>');
  const { host, folder } = runNamed(name, options);
  const answer = valueOf(await host.ask('predict', [folder, ...files.map((file) => resolve(file))], { timeoutMs: 600_000 }));
  if (options.json) return print(formatJson(answer));
  const predicted = answered(parsePredictions(answer));
  for (const [i, item] of predicted.entries()) {
    const shown = visible(files[i] ?? item.file);
    if (item.problem) process.stdout.write(`${shown}\n  ${ink.red(diagnosticText(item.problem))}\n`);
    else if (item.number !== undefined) process.stdout.write(`${shown}\n  ${ink.bold(String(Number(item.number.toPrecision(4))))}\n`);
    else process.stdout.write(`${shown}\n${item.top.slice(0, 3).map(({ label, probability }, rank) => `  ${percent(probability).padStart(7)}  ${rank === 0 ? ink.bold(visible(label)) : visible(label)}`).join('\n')}\n`);
  }
  return predicted.some(({ problem }) => problem) ? 1 : 0;
}

/** Where in each image the network sees what it says: overlays in the run's folder. */
async function explain([name, ...images]: readonly string[], options: Options): Promise<number> {
  if (name === undefined || images.length === 0) return wrongUsage('thaw explain <run> <images …>');
  const { host, folder } = runNamed(name, options);
  const answer = valueOf(await host.ask('explain', [folder, ...images.map((file) => resolve(file))], { timeoutMs: 600_000, onProgress: () => undefined }));
  if (options.json) return print(formatJson(answer));
  const explained = answered(parseExplanations(answer));
  for (const [i, { file, label = '', probability = 0, overlay = '', problem, ...of }] of explained.entries()) {
    process.stdout.write(`${visible(images[i] ?? file)}\n  ${problem ? ink.red(diagnosticText(problem)) : `${percent(probability)}  ${ink.bold(visible(label))}  ${visible(relative(process.cwd(), overlay))}  ${ink.dim(sanityText(of))}`}\n`);
  }
  if (explained.some(({ problem }) => !problem)) process.stdout.write(`\n${ink.dim(explainNote)}\n`);
  return explained.some(({ problem }) => problem) ? 1 : 0;
}

/** A run by id, by folder, or "latest": the newest that has a result. */
function runNamed(name: string, options: Options): { readonly host: TrainerHost; readonly folder: string } {
  const path = resolve(name);
  if (existsSync(join(path, 'run.json'))) return { host: hostOf(resolve(path, '..', '..', '..')), folder: path };
  const host = hostOf(options.home ?? nearestHome(process.cwd()));
  if (name !== 'latest') return { host, folder: valueOf(host.folderOf(name)).path };
  const latest = host.findRuns().runs.find(({ manifest }) => manifest.test);
  if (!latest) throw refused('no-run', 'no finished run was found', options.home ?? process.cwd(), 'start one with `thaw run <folder>`, or name a run\'s folder');
  return { host, folder: latest.folder.path };
}

function runs(_: readonly string[], options: Options): Promise<number> {
  const { runs: found, problems } = hostOf(options.home ?? nearestHome(process.cwd())).findRuns();
  problems.forEach((problem) => warn(problem));
  if (options.json) return Promise.resolve(print(formatJson(found.map(({ manifest }) => manifest))));
  if (found.length === 0) return Promise.resolve(print('no runs here yet: `thaw run <folder>` starts one'));
  return Promise.resolve(print(found.map(({ manifest }) => runLine(manifest, ink)).join('\n')));
}

async function stop([id]: readonly string[], options: Options): Promise<number> {
  if (id === undefined) return wrongUsage('thaw stop <run>');
  return print(valueOf(await hostOf(options.home ?? nearestHome(process.cwd())).stopRun(id)));
}

/** Layers of a run that trains: from its next epoch on they train, or are frozen. */
async function changeLayers(verb: 'thaw' | 'freeze', [name, ...layers]: readonly string[], options: Options): Promise<number> {
  if (name === undefined || layers.length === 0) return wrongUsage(`thaw ${verb} <run> <layers …>`);
  const host = hostOf(options.home ?? nearestHome(process.cwd()));
  const id = name === 'latest' ? host.findRuns().runs.find(({ life }) => life !== 'ended')?.folder.id : name;
  if (id === undefined) throw refused('no-run', 'nothing trains here', undefined, 'start a run with `thaw run <folder>`');
  const { resolvedPlan } = valueOf(host.folderOf(id));
  if (existsSync(resolvedPlan)) await knownLayers(resolvedPlan, layers); // a run that waits its turn has none yet
  valueOf(host.changeLayers(id, layers.map((path) => ({ path, trains: verb === 'thaw' })), 'command line'));
  return print(`${layers.map(visible).join(', ')}: ${verb === 'thaw' ? 'trained' : 'frozen'} from the next epoch on`);
}

/** Throws Refused when a layer is none of the run's network. */
async function knownLayers(resolvedPlan: string, layers: readonly string[]): Promise<void> {
  const network = valueOf(await experimentAt(resolvedPlan, {})).backbone?.network(2);
  const [unknown] = network ? layers.filter((layer) => typeof changeOf(network, ['all'], [{ path: layer, trains: true }]) === 'string') : [];
  if (network === undefined || unknown === undefined) return;
  const near = suggest(unknown, patternNames(network));
  throw refused('pattern-matches-nothing', `no block or layer ${JSON.stringify(unknown)} in ${network.name}`, undefined, near ? `did you mean "${near}"?` : '`thaw cost` lists the blocks');
}

async function doctor(_: readonly string[], options: Options): Promise<number> {
  const answer = valueOf(await hostOf(process.cwd()).ask('doctor', [], { timeoutMs: 120_000 }));
  return print(options.json ? formatJson(answer) : engineTable(answered(parseEngineFacts(answer)), ink));
}

async function engine([what = 'list', ...more]: readonly string[], options: Options): Promise<number> {
  const cacheDir = userCacheFolder();
  if (what === 'list' && more.length === 0) {
    const engines = await listEngines({ cacheDir });
    return print(options.json ? formatJson(engines) : engineList(engines, await interruptedBytes(cacheDir), ink));
  }
  if (what === 'remove' && more.length <= 1) return removeEngine(cacheDir, more[0], options);
  if (what === 'install' && more.length === 0) return installEngine(cacheDir, options);
  return wrongUsage('thaw engine install | list | remove [version]');
}

async function installEngine(cacheDir: string, options: Options): Promise<number> {
  const { cuda = false, json } = options;
  const offer = (await engineOffers({ cacheDir })).find((each) => each.cuda === cuda);
  if (cuda && offer && !offer.installed) {
    await confirm(`${offer.title}: up to ${bytes(offer.fetchBytes)} to fetch, ${bytes(offer.diskBytes)} on the disk.`, options);
  }
  const done = await withLiveLine(options, (say, signal) => installCommand({
    cacheDir, cuda, signal, source: options.source, from: options.from === undefined ? undefined : resolve(options.from), onProgress: telling(options, say, installLine),
  }));
  if (!done) return stopped;
  const installed = valueOf(done);
  return print(json ? formatJson({ type: 'installed', ...installed }) : installed.title);
}

async function removeEngine(cacheDir: string, version: string | undefined, options: Options): Promise<number> {
  const engines = valueOf(await enginesNamed(version, { cacheDir })), leftBytes = version === undefined ? await interruptedBytes(cacheDir) : 0;
  const sizeBytes = engines.reduce((sum, each) => sum + each.sizeBytes, leftBytes);
  if (sizeBytes > 0) await confirm(`${[...engines.map(({ name }) => name), ...leftBytes > 0 ? ['an interrupted install'] : []].join(', ')}: ${bytes(sizeBytes)} will be removed.`, options);
  valueOf(await removeCommand(cacheDir, engines, { everything: version === undefined }));
  if (options.json) return print(formatJson({ removed: engines.map(({ name }) => name), freedBytes: sizeBytes }));
  return print(sizeBytes > 0 ? `${bytes(sizeBytes)} freed` : 'there was no native engine');
}

/** Throws Refused unless the person agrees; nobody is asked who cannot answer. */
async function confirm(what: string, { yes, json }: Options): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY || json) throw refused('out-of-range', what, undefined, 'say --yes if that is meant');
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asked.question(`${what} Go on? [y/N] `).finally(() => asked.close());
  if (!/^y(es)?$/i.test(answer.trim())) throw refused('out-of-range', 'left as it was', undefined, 'answer y to go on');
}

async function models([what = 'list', name, ...more]: readonly string[], options: Options): Promise<number> {
  const cache = userCacheFolder();
  if (what === 'list' && name === undefined) {
    const found = listFetched(cache);
    return print(options.json ? formatJson(found) : found.length === 0 ? 'none yet: `thaw models add hf:timm/…` fetches one, and so does a run that names it' : found.map((model) => modelLine(model, ink)).join('\n'));
  }
  if (name === undefined || more.length > 0 || !(what === 'add' || what === 'remove')) return wrongUsage('thaw models list | add <hf:owner/name> | remove <hf:owner/name>');
  const done = what === 'remove' ? removeModel(name, cache) : await withLiveLine(options, (say, signal) => addModel(name, { cache, hub: takeHubAccess(), signal, onProgress: telling(options, say, installLine) }));
  if (!done) return stopped;
  done.warnings.forEach((warning) => warn(warning));
  const model = valueOf(done);
  if (options.json) return print(formatJson(model));
  return print('freedBytes' in model ? `removed ${visible(name)}: ${bytes(model.freedBytes as number)} are free again` : modelLine(model, ink));
}

/** Progress as a line of JSON for programs, or as words. */
const telling = <P extends object>({ json }: Options, say: (line: string) => void, lineOf: (progress: P, paint: Paint) => string) => (progress: P): void => {
  if (json) process.stdout.write(`${formatJson({ type: 'progress', ...progress })}\n`);
  else say(lineOf(progress, ink));
};

/** Long work with a line of progress that lives, ended by Ctrl+C: then undefined. */
async function withLiveLine<T>(options: Options, work: (say: (line: string) => void, signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const { live, columns } = terminal(options), interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  try {
    return await work((line) => {
      if (live) process.stdout.write(`\r\u001b[2K${clipped(line, columns - 1)}`);
    }, interrupt.signal);
  } catch (error) {
    if (interrupt.signal.aborted) return undefined;
    throw error;
  } finally {
    if (live) process.stdout.write('\r\u001b[2K');
  }
}

function cache([what = 'list', ...more]: readonly string[], options: Options): Promise<number> {
  if (more.length > 0 || !(what === 'list' || what === 'clear')) return Promise.resolve(wrongUsage('thaw cache list | clear'));
  const host = hostOf(options.home ?? nearestHome(process.cwd()));
  if (what === 'list') return Promise.resolve(print(options.json ? formatJson(host.cachedFeatures()) : cacheTable(host.cachedFeatures(), ink)));
  const freed = valueOf(host.clearFeatures());
  return Promise.resolve(print(options.json ? formatJson({ freedBytes: freed }) : `${bytes(freed)} freed`));
}

/** Where .thaw lies: what was asked for, the nearest folder above that has one, or beside the target. */
const homeOf = (target: string, { home }: Options): string => home !== undefined ? resolve(home) : nearestHome(dirname(target));

function nearestHome(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.thaw', 'runs'))) return folder;
    if (folder === dirname(folder)) return from;
  }
}

function hostOf(home: string): TrainerHost {
  const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  return new TrainerHost({
    home: existsSync(home) ? realpathSync(home) : home, userData: userDataFolder(),
    scripts: { trainer: beside('./trainer.mjs'), keeper: beside('./keeper.mjs') },
    node: () => findNode({ own: process.execPath, ownIsElectron: false }),
  });
}

function overridesOf(options: Options): Record<string, string> {
  const overrides: Record<string, string> = {};
  for (const setting of options.set ?? []) {
    const at = setting.indexOf('=');
    if (at < 1) throw refused('wrong-type', `--set ${setting} is not path=value`, undefined, 'for example --set stages.0.rate=1e-3');
    overrides[setting.slice(0, at)] = setting.slice(at + 1);
  }
  if (options['no-scratch']) overrides['scratchBudget'] = 'off';
  else if (options['scratch-budget'] !== undefined) overrides['scratchBudget'] = options['scratch-budget'];
  if (options.budget !== undefined) overrides['budget'] = options.budget;
  return overrides;
}

function engineOf(name: string): NonNullable<ReturnType<typeof engineNamed>> {
  const engine = engineNamed(name);
  if (engine) return engine;
  throw refused('out-of-range', `there is no engine "${name}"`, undefined, `one of: ${trainingEngines.join(', ')}`);
}

function gigabytesOf(text: string): number {
  const gigabytes = Number(text);
  if (text.trim() !== '' && gigabytes >= 0) return gigabytes;
  throw refused('wrong-type', `--feature-cache-gb ${text} is no number of GB`, undefined, 'for example --feature-cache-gb 20');
}

const refused = (code: Diagnostic['code'], message: string, file: string | undefined, fix: string): Refused =>
  new Refused([{ code, severity: 'error', message, fix, ...(file !== undefined && { where: { file } }) }]);

function answered<T>(answer: Parsed<T>): T {
  if (!answer.ok) throw new Bug(`the trainer's answer is not understood: ${answer.note}`);
  return answer.value;
}

function valueOf<T>(checked: Checked<T>): T {
  if (!checked.ok) throw new Refused([...checked.errors, ...checked.warnings]);
  return checked.value;
}

const terminal = (options: Options): Screen => ({
  columns: process.stdout.isTTY ? process.stdout.columns : 100,
  live: process.stdout.isTTY && !options.json,
  write: (text) => void process.stdout.write(text),
});

function print(text: string, code = 0): number {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return code;
}

function complain(diagnostics: readonly Diagnostic[]): number {
  diagnostics.forEach((diagnostic) => warn(diagnostic));
  return diagnostics.some(({ code }) => code === 'internal-error') ? exitCodes.internal : exitCodes.refused;
}

function warn(diagnostic: Diagnostic): void {
  const colour = diagnostic.severity === 'error' ? ink.red : ink.yellow;
  process.stderr.write(`${colour(diagnosticText(diagnostic))}\n`);
}

function wrongUsage(line: string): number {
  process.stderr.write(`${line}\n\nthaw --help says more\n`);
  return exitCodes.usage;
}

const didYouMean = (command: string): string => {
  const near = suggest(command, Object.keys(commands));
  return near ? `, did you mean "${near}"?` : '';
};

async function version(): Promise<string> {
  const { version: own } = JSON.parse(await readFile(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8')) as { version: string };
  return `thaw ${own}`;
}

// `thaw run … | head`: its reader has gone, and so goes this process, as shells expect. What it started goes on.
process.stdout.on('error', () => process.exit(unread));
process.exitCode = await main(process.argv.slice(2));
