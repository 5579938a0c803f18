import type { AccuracyChange, BlockTransfer, Calibration, CalibrationScore, LayerChange, ReliabilityBin, Transfer } from './insight.ts';
import type { ExitFacts, Lease, RunId, RunManifest, RunRequest } from './runManifest.ts';
import type { CudaFacts, DataFacts, EarlierControl, EngineFacts, EngineGain, GpuFacts, MachineFacts, MeasuredStage, RunEvent, RunFact, RungFacts, StageFacts } from './runEvent.ts';
import type { CostBasis, CutPrediction, EngineOffer, Estimate, ExplainProgress, FetchedModel, FileExplanation, FilePrediction, InstalledEngine, InstallProgress, PassRates, PlanEstimate, Prediction, Rates, RateSuggestions, RateTest } from './answers.ts';
import type { FromPreview, Phase, PlanPreview, PlanValue, PreviewBlock, PreviewCosts, PreviewStage, ToPreview } from './previewMessages.ts';
import type { Board, BoardRow, BoardScores, RankProgress } from './board.ts';
import type { BoardState, FromBoard, ToBoard } from './boardPage.ts';
import type { FromPage, FromRates, PageDiffering, PageHint, PageItem, PageLabel, PageMistake, PageNumber, PageResults, PageRun, ToPage, ToRates } from './pageMessages.ts';
import type { Spread, SweepGap, SweepRow } from './sweep.ts';
import type { Checked, Diagnostic, FileChange, Mend, TextPosition, TextRange } from './diagnostic.ts';
import { causes, controlKinds, type Advice, type ClassGap, type Comparison, type Remedy, type Share, type Verdict } from './verdict.ts';
import { diagnosticCodes } from './diagnostic.ts';
import { branded, dictionary, either, type Fields, fields, flag, type Guard, list, matching, number, oneOf, optional, parsed, type Parsed, tagged, text, whole } from './shape.ts';

/** The trust edges: what reaches us from a disk, another process or the page is looked at here, once, field by field. */

const runId = branded<RunId>(text);
const outcome = oneOf('finished', 'stopped', 'failed', 'killed', 'crashed');
const status = oneOf('queued', 'preparing', 'training', 'judging', 'finished', 'stopped', 'failed', 'killed', 'crashed');
const controlKind = oneOf(...controlKinds);
const claim = oneOf('helps', 'hurts', 'not-shown', 'not-assessed');
const engineName = oneOf('tensorflow', 'wasm', 'webgpu', 'cpu');

const position = fields<TextPosition>({ line: whole, character: whole });
const range = fields<TextRange>({ start: position, end: position });
const diagnostic = fields<Diagnostic>({
  code: (value) => diagnosticCodes.find((code) => code === value) ?? 'internal-error', // a code of a newer Thaw: its message still counts
  severity: oneOf('error', 'warning', 'information'),
  message: text,
  fix: optional(text),
  where: optional(fields<NonNullable<Diagnostic['where']>>({ file: text, range: optional(range) })),
  mend: optional(fields<Mend>({
    title: text,
    changes: list(tagged<FileChange>({ replace: { range, text }, set: { path: text, text }, add: { path: text, text }, move: { range, path: text }, itemize: { path: text }, remove: { range } })),
  })),
});

const share = fields<Share>({ value: number, low: number, high: number, correct: number, items: number });
const comparison = fields<Comparison>({
  control: controlKind, claim, gapPt: number, lowPt: number, highPt: number, p: number, onlyRun: number, onlyControl: number,
  items: number, seeds: number, bySeedPt: optional(list(number)), mdePt: number, run: share, controlShare: share,
  at: either(fields<{ kind: 'matched'; step: number }>({ kind: oneOf('matched'), step: number }), fields<{ kind: 'end' }>({ kind: oneOf('end') })),
});
const remedy = tagged<Remedy>({
  edit: { title: text, edits: list(fields<(Remedy & { type: 'edit' })['edits'][number]>({ path: text, value: text })) },
  control: { title: text, control: controlKind },
  confirm: { title: text },
  'probe-first': { title: text },
  rank: { title: text },
});
const advice = fields<Advice>({ cause: oneOf(...causes), strength: oneOf('likely', 'possible'), words: text, remedies: list(remedy) });
const classGap = fields<ClassGap>({ label: whole, items: number, gapPt: number, lowPt: number, highPt: number, p: number });
const verdict = fields<Verdict>({
  claim,
  against: optional(controlKind),
  comparisons: list(comparison),
  classes: optional(list(classGap)),
  missing: list(fields<Verdict['missing'][number]>({ control: controlKind, why: text })),
  spread: optional(number),
  headline: text,
  words: text,
  advice: optional(list(advice)),
});

const rung = fields<RungFacts>({ name: engineName, title: optional(text), ok: flag, stepMs: optional(number), why: optional(text) });
const engine = fields<EngineFacts>({
  name: engineName, title: text, device: oneOf('cpu', 'gpu'), threads: number, node: text, why: text,
  prefix: optional(text), tried: list(rung), timed: optional(text), testsMs: optional(number), advice: optional(text),
  machine: optional(fields<MachineFacts>({
    processor: text, cores: number, memoryBytes: number, freeBytes: number,
    gpus: list(fields<GpuFacts>({ name: text, memoryBytes: optional(number), driver: optional(text) })),
    cuda: optional(fields<CudaFacts>({ usable: flag, seen: text, fix: optional(text) })),
  })),
  gain: optional(fields<EngineGain>({ seconds: number, offeredSeconds: number, fetchBytes: number })),
});
const counts = list(number);
const task = oneOf('image-multi-label', 'image-regression');
const metrics = optional(dictionary(number));
const data = fields<DataFacts>({
  classes: list(text), train: counts, validation: counts, test: counts,
  leftOut: dictionary(number), converted: dictionary(number), duplicateGroups: number, splitBy: text,
  task: optional(task), scale: optional(fields<NonNullable<DataFacts['scale']>>({ mean: number, std: number })), subset: optional(text),
  photos: optional(fields<NonNullable<DataFacts['photos']>>({ train: number, validation: number, test: number })),
});
const stage = fields<StageFacts>({
  name: text, fromStep: number, epochs: number, stepsPerEpoch: optional(number), trains: list(text), trainedParameters: number, rate: number,
  predicted: optional(fields<NonNullable<StageFacts['predicted']>>({ epochMs: number, peakBytes: number, cacheBytes: number })),
});
const measuredStage = fields<MeasuredStage>({ name: text, epochMs: number, predictedEpochMs: number });

const calibrationScore = fields<CalibrationScore>({
  ece: number, chanceEce: number, brier: number, loss: number, bins: list(fields<ReliabilityBin>({ confidence: number, accuracy: number, items: number })),
});
const calibration = fields<Calibration>({
  temperature: number, why: optional(text), validationItems: number, items: number, before: calibrationScore, after: calibrationScore,
});
const accuracyChange = fields<AccuracyChange>({ value: number, low: number, high: number });
const transfer = fields<Transfer>({
  changes: list(fields<LayerChange>({ path: text, change: number })),
  blocks: list(fields<BlockTransfer>({
    path: text, change: number,
    cka: optional(fields<NonNullable<BlockTransfer['cka']>>({ value: number, control: number })),
    rewind: optional(fields<NonNullable<BlockTransfer['rewind']>>({ pretrained: accuracyChange, random: accuracyChange })),
  })),
  images: number, rewindImages: number,
  sourceHead: optional(fields<NonNullable<Transfer['sourceHead']>>({ agreement: share, classes: number })),
  source: optional(fields<NonNullable<Transfer['source']>>({ name: text, classes: number, matched: number, before: share, after: share, change: accuracyChange, p: number })),
  notes: list(text),
});

const fact = tagged<RunFact>({
  started: { pid: whole, node: text },
  engine: { engine },
  progress: {
    activity: oneOf('fetching', 'scanning', 'reading', 'features', 'random-features', 'trying-rates', 'training', 'evaluating', 'rates'),
    done: number, total: optional(number), etaMs: optional(number), perSecond: optional(number),
  },
  data: { data },
  planned: { stages: list(stage), stepsPerEpoch: number, totalSteps: number, predictedMs: optional(number) },
  'plan-changed': { stage: whole, origin: oneOf('tree', 'command line'), stages: list(stage), stepsPerEpoch: number, totalSteps: number, predictedMs: optional(number) },
  'watched-against': { controls: list(fields<EarlierControl>({ control: controlKind, runId: text })) },
  stage: { stage: whole, step: number },
  step: { step: number, epoch: number, loss: number, rate: number, perSecond: number, etaMs: number },
  evaluated: { step: number, epoch: number, split: oneOf('validation'), loss: number, accuracy: number, best: flag, predictedClasses: optional(number) },
  checkpoint: { step: number, best: flag },
  'early-stop': { step: number, patience: number, bestStep: number },
  tested: { step: number, loss: number, accuracy: share, metrics },
  measured: { stages: list(measuredStage), peakBytes: number, predictedPeakBytes: number },
  calibrated: { calibration },
  transferred: { transfer },
  control: { control: controlKind, accuracy: share, metrics, runId: optional(text), matchedSteps: optional(number), reusedFrom: optional(text) },
  'control-started': { control: controlKind, runId: text, budgetMs: optional(number) },
  verdict: { verdict },
  warning: { diagnostic },
  ended: { outcome, diagnostic: optional(diagnostic) },
});
const head = fields<{ seq: number; at: string }>({ seq: whole, at: text });
const event: Guard<RunEvent> = (value) => ({ ...head(value), ...fact(value) });

const request = fields<RunRequest>({
  overrides: optional(dictionary(either(either(text, flag), number))),
  varied: optional(dictionary(text)),
  engine: optional(engineName),
  featureCacheMaxGb: optional(number),
});
const manifest = fields<RunManifest>({
  format: oneOf(1), id: runId, title: text, status, createdAt: text, endedAt: optional(text),
  experimentFile: text, dataFolder: text, backbone: text, request: optional(request),
  controlOf: optional(runId), control: optional(controlKind), addedLater: optional(flag), controlKey: optional(text), budgetMs: optional(number), cutAtStep: optional(number), seedOf: optional(runId),
  sweep: optional(fields<NonNullable<RunManifest['sweep']>>({ id: text, name: text, place: number })), continues: optional(fields<NonNullable<RunManifest['continues']>>({ run: runId, spentMs: optional(number) })), engine: optional(engine), dataFingerprint: optional(text), weights: optional(text),
  versions: dictionary(text),
  best: optional(fields<NonNullable<RunManifest['best']>>({ step: number, validationAccuracy: number, validationLoss: number })),
  test: optional(share), claim: optional(claim), task: optional(task), problem: optional(diagnostic),
});

const hint = fields<PageHint>({ path: text, thumbnail: text, words: text });
const item = fields<PageItem>({ path: text, thumbnail: text, right: text, wrong: text });
const results = fields<PageResults>({
  classes: list(text),
  confusion: list(counts),
  mistakes: list(fields<PageMistake>({ path: text, thumbnail: text, right: text, wrong: text, how: text })),
  mistaken: whole,
  labels: optional(list(fields<PageLabel>({ label: text, averagePrecision: number, f1: number, items: number }))),
  numbers: optional(list(fields<PageNumber>({ target: number, predicted: number }))),
  differing: optional(fields<PageDiffering>({ control: controlKind, fixed: list(item), broken: list(item), onlyRun: number, onlyControl: number })),
});
const pageRun = fields<PageRun>({ manifest, events: list(event) });
const spread = fields<Spread>({ mean: number, deviation: optional(number) });
const sweep = list(fields<SweepRow>({
  name: text, runs: list(text), tested: whole, validationLoss: optional(spread), validation: optional(spread), test: optional(spread), isBest: flag,
  gap: optional(fields<SweepGap>({ gapPt: number, lowPt: number, highPt: number, p: number, items: number, isShown: flag })),
}));
const toPage = tagged<ToPage>({
  snapshot: { protocol: number, run: pageRun, controls: list(pageRun), results: optional(results), sweep: optional(sweep), hints: optional(list(hint)) },
  append: { runId: text, manifest, events: list(event) },
  results: { results },
  sweep: { rows: sweep },
  hints: { hints: list(hint) },
});
const fromPage = tagged<FromPage>({
  ready: { protocol: number },
  stop: {},
  'run-again': {},
  'resume': {},
  'add-control': {},
  confirm: {},
  remedy: { advice: whole, remedy: whole },
  'open-file': { path: text },
  explain: { path: text },
  'open-plan': {},
  'open-run': { runId: text },
  'open-experiment': {},
  'reveal-folder': {},
  'page-error': { message: text },
});

const prediction = { boundary: text, featuresMs: number, epochMs: number, peakBytes: number, cacheBytes: number, rowsAtOnce: number, recomputes: flag };
const preview = fields<PlanPreview>({
  title: text, backbone: text, batch: number, runs: whole, blocks: list(text), quickControls: list(text),
  stages: list(fields<PreviewStage>({
    name: text, words: text, batchNorm: text, trainedParameters: number,
    blocks: list(fields<PreviewBlock>({ state: oneOf('trained', 'partly', 'cached', 'frozen'), training: whole, layers: whole })),
  })),
  values: list(fields<PlanValue>({ path: text, text, origin: text })),
  costs: optional(fields<PreviewCosts>({
    photos: text, engine: text,
    phases: list(fields<Phase>({ kind: oneOf('features', 'stage', 'control'), name: text, words: text, fromMs: number, ms: number, peakBytes: optional(number) })),
    stages: list(fields<Prediction>(prediction)), cuts: list(fields<CutPrediction>({ ...prediction, path: text, trainedParameters: number })),
  })),
});
const toPreview = tagged<ToPreview>({ preview: { file: text, preview: optional(preview), stage: whole, broken: optional(text), unpredicted: optional(text) } });
const fromPreview = tagged<FromPreview>({
  ready: {}, run: {}, 'open-file': {},
  cut: { stage: whole, path: text },
  'choose-stage': { stage: whole },
  'page-error': { message: text },
});

const rateTest = fields<RateTest>({
  format: oneOf(1), at: text, experimentFile: text, stage: fields<RateTest['stage']>({ index: whole, name: text }), rate: number,
  images: whole, batch: whole, engine: text, startLoss: number, rates: list(number), losses: list(number), smoothed: list(number), diverged: flag,
  suggestions: optional(fields<RateSuggestions>({ valley: number, steepest: number, minimum: number })),
});
const toRates = tagged<ToRates>({ 'rates': { test: rateTest, rate: optional(number) } });
const fromRates = tagged<FromRates>({ 'ready': {}, 'use-rate': { rate: number }, 'test-again': {}, 'open-experiment': {}, 'page-error': { message: text } });

/** One line of a journal. An event type of a newer Thaw is a note, not an error: skip it and say so. */
export const parseRunEvent = (value: unknown): Parsed<RunEvent> => parsed(event, value);

/** evidence/transfer.json of a run. */
export const parseTransfer = (value: unknown): Parsed<Transfer> => parsed(transfer, value);

/** A message for the page, in the page. */
export const parseToPage = (value: unknown): Parsed<ToPage> => parsed(toPage, value);

/** A message from the page, in the extension host. */
export const parseFromPage = (value: unknown): Parsed<FromPage> => parsed(fromPage, value);

/** A message for the page that previews a plan, in the page. */
export const parseToPreview = (value: unknown): Parsed<ToPreview> => parsed(toPreview, value);

/** A message from it, in the extension host. */
export const parseFromPreview = (value: unknown): Parsed<FromPreview> => parsed(fromPreview, value);

/** The same for the page of a learning-rate test. */
export const parseToRates = (value: unknown): Parsed<ToRates> => parsed(toRates, value);
export const parseFromRates = (value: unknown): Parsed<FromRates> => parsed(fromRates, value);

/** A diagnostic that a process left as its last words. */
export const parseDiagnostic = (value: unknown): Parsed<Diagnostic> => parsed(diagnostic, value);

/** The answer to `preflight`. */
export const parseDiagnostics = (value: unknown): Parsed<readonly Diagnostic[]> => parsed(list(diagnostic), value);

/** The answer of a trainer that was asked something; its value is for the asker to guard. */
export function parseChecked(value: unknown): Parsed<Checked<unknown>> {
  const failed = fields<Checked<never> & { readonly ok: false }>({ ok: oneOf(false), errors: list(diagnostic), warnings: list(diagnostic) });
  const fine = fields<Checked<unknown> & { readonly ok: true }>({ ok: oneOf(true), value: (each) => each, warnings: list(diagnostic) });
  return parsed(either(failed, fine), value);
}

/** The answer to `estimate`. */
export const parseEstimate = (value: unknown): Parsed<Estimate> => parsed(fields<Estimate>({
  task: optional(task), images: number, classes: number, why: text, distance: optional(oneOf('near', 'far')), problems: list(diagnostic),
  plans: list(fields<PlanEstimate>({ preset: text, title: text, detail: text, seconds: number, offeredSeconds: optional(number), peakBytes: number, scratchSeconds: number, scratchBytes: number })),
  offer: optional(fields<NonNullable<Estimate['offer']>>({ title: text, fetchBytes: number })),
}), value);

const passRates = fields<PassRates>({ msPerDenseGflop: number, msPerDepthwiseGflop: number, msPerGigabyte: number, msPerNode: number });
const rates = fields<Rates>({
  prefix: passRates, forward: passRates, backward: passRates, msPerUpdatedTensor: number, msPerMillionUpdated: number, msPerStep: number,
  decodedImagesPerSecond: number, baseBytes: number, prefixBytes: number, keptOutputs: number,
});

/** The answer to `cost`. */
export const parseCostBasis = (value: unknown): Parsed<CostBasis> =>
  parsed(fields<CostBasis>({ images: number, classes: number, engine: text, memoryBytes: number, rates }), value);

/** The rates of a machine, as they are kept. */
export const parseRates = (value: unknown): Parsed<Rates> => parsed(rates, value);

/** The answer to `predict`. */
export const parsePredictions = (value: unknown): Parsed<readonly FilePrediction[]> => parsed(list(fields<FilePrediction>({
  file: text, top: list(fields<FilePrediction['top'][number]>({ label: text, probability: number })), number: optional(number), problem: optional(diagnostic),
})), value);

/** The answer to `explain`. */
export const parseExplanations = (value: unknown): Parsed<readonly FileExplanation[]> => parsed(list(fields<FileExplanation>({
  file: text, label: optional(text), probability: optional(number), overlay: optional(text), sanity: optional(number), problem: optional(diagnostic),
})), value);

export const parseExplainProgress = (value: unknown): Parsed<ExplainProgress> => parsed(fields<ExplainProgress>({ done: whole, total: whole }), value);

/** The answer to `rate`, and a file of .thaw/rates. */
export const parseRateTest = (value: unknown): Parsed<RateTest> => parsed(rateTest, value);

/** The answer to `doctor`: its table is in `tried`. */
export const parseEngineFacts = (value: unknown): Parsed<EngineFacts> => parsed(engine, value);

/** The answer to `engine install`. */
export const parseInstalledEngine = (value: unknown): Parsed<InstalledEngine> => parsed(fields<InstalledEngine>({ title: text, folder: text }), value);

/** Told before it. */
export const parseInstallProgress = (value: unknown): Parsed<InstallProgress> => parsed(fields<InstallProgress>({
  activity: oneOf('fetching', 'unpacking'), doneBytes: number, totalBytes: number, bytesPerSecond: optional(number), leftMs: optional(number),
}), value);

/** The answer to `engine offers`. */
export const parseEngineOffers = (value: unknown): Parsed<readonly EngineOffer[]> => parsed(list(fields<EngineOffer>({
  title: text, cuda: flag, fetchBytes: number, diskBytes: number, installed: flag,
})), value);

/** The answer to `models add` and `models remove`. */
export const parseFetchedModel = (value: unknown): Parsed<FetchedModel> => parsed(fields<FetchedModel>({
  name: text, title: text, commit: text, fetchedAt: text, licence: text, sizeBytes: number,
}), value);

const boardScores = fields<BoardScores>({ probe: share, knn: share, logMe: number, hScore: number, leep: optional(number) });
const board = fields<Board>({
  format: oneOf(1), folder: text, at: text, images: whole, found: whole, classes: whole, fingerprint: text,
  rows: list(fields<BoardRow>({
    name: text, title: text, licence: text, sizeBytes: number, key: text, features: whole, seconds: number, place: whole, sharedBy: whole,
    scores: boardScores, random: boardScores, gain: fields<BoardRow['gain']>({ value: number, low: number, high: number }), right: matching(/^[01]*$/),
  })),
  failed: list(fields<Board['failed'][number]>({ name: text, problem: diagnostic })),
});

const rankProgress: Fields<Omit<RankProgress, 'board'>> = { doing: text, nth: whole, of: whole, done: whole, total: whole, leftMs: optional(number) };

/** The answer to `rank`, and the board of a folder as it is kept. */
export const parseBoard = (value: unknown): Parsed<Board> => parsed(board, value);

/** Told before it. */
export const parseRankProgress = (value: unknown): Parsed<RankProgress> => parsed(fields<RankProgress>({ ...rankProgress, board: optional(board) }), value);

const toBoard = tagged<ToBoard>({
  state: {
    state: fields<BoardState>({
      folder: text, board: optional(board), progress: optional(fields<Omit<RankProgress, 'board'>>(rankProgress)), running: flag,
      problem: optional(fields<NonNullable<BoardState['problem']>>({ message: text, fix: optional(text) })),
      experiment: optional(fields<NonNullable<BoardState['experiment']>>({ file: text, backbone: text })),
    }),
  },
});
const fromBoard = tagged<FromBoard>({ ready: {}, use: { name: text }, measure: {}, cancel: {}, 'page-error': { message: text } });

/** As parseToPage and parseFromPage, for the page of a board. */
export const parseToBoard = (value: unknown): Parsed<ToBoard> => parsed(toBoard, value);
export const parseFromBoard = (value: unknown): Parsed<FromBoard> => parsed(fromBoard, value);

/** The content of a lease.json. */
export const parseLease = (value: unknown): Parsed<Lease> =>
  parsed(fields<Lease>({ pid: whole, pidStart: text, host: text, heartbeatAt: text }), value);

/** The content of an exit.json. */
export const parseExitFacts = (value: unknown): Parsed<ExitFacts> =>
  parsed(fields<ExitFacts>({ at: text, code: optional(number), signal: optional(text), oomKilled: flag, peakBytes: optional(number) }), value);

/** The content of a run.json; `file` is named in the diagnostic. */
export function parseManifest(value: unknown, file: string): Checked<RunManifest> {
  const refused = (code: 'newer-format' | 'run-unreadable', message: string, fix: string): Checked<RunManifest> =>
    ({ ok: false, errors: [{ code, severity: 'error', message, fix, where: { file } }], warnings: [] });
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
  if (typeof format === 'number' && format > 1) {
    return refused('newer-format', `this run was written in format ${format}; this Thaw reads format 1`, 'update Thaw to open it');
  }
  const result = parsed(manifest, value);
  if (!result.ok) return refused('run-unreadable', `run.json is damaged: ${result.note}`, 'the other files of the run can still be read; delete the folder if it is of no use');
  return { ok: true, value: result.value, warnings: [] };
}
