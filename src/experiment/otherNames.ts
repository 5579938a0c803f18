import { suggest } from '../base/suggest.ts';

/**
 * Words of other tools (timm, Keras, Lightning, Hugging Face), as they are without case and punctuation, and what stands for
 * them here: whoever comes from there shall be understood. Several where it depends on the place.
 */
const ours: Readonly<Record<string, readonly string[]>> = {
  // keys of a stage
  lr: ['rate'], learningrate: ['rate'], baselr: ['rate'], initiallr: ['rate'], maxlr: ['rate'],
  wd: ['weightDecay'], l2: ['l2sp', 'weightDecay', 'squared'], epoch: ['epochs'], numepochs: ['epochs'], maxepochs: ['epochs'], numtrainepochs: ['epochs'],
  maxsteps: ['steps'], iterations: ['steps'], iters: ['steps'], maxiter: ['steps'],
  frozen: ['stored'], unfreeze: ['train'], trainable: ['train'], layers: ['train'], unfrozen: ['train'], thaw: ['train'],
  scheduler: ['schedule'], lrscheduler: ['schedule'], lrschedule: ['schedule'], lrschedulertype: ['schedule'], optim: ['optimizer'], optimiser: ['optimizer'], opt: ['optimizer'],
  warmupsteps: ['warmup'], warmupepochs: ['warmup'], warmupratio: ['warmup'], llrd: ['layerDecay'], layerwisedecay: ['layerDecay'], layerwiselrdecay: ['layerDecay'],
  smoothing: ['labelSmoothing'], classweights: ['classBalance'], classweight: ['classBalance'], augmentation: ['augment'], augmentations: ['augment'], transforms: ['augment'], transform: ['augment'], aug: ['augment'],
  gradclip: ['clip'], clipgrad: ['clip'], clipnorm: ['clip'], maxgradnorm: ['clip'], gradientclipval: ['clip'], gradaccum: ['accumulate'], accumulategradbatches: ['accumulate'], gradientaccumulationsteps: ['accumulate'],
  stochasticdepth: ['dropPath'], droppathrate: ['dropPath'], droprate: ['dropout'], emadecay: ['ema'], modelema: ['ema'], swa: ['ema'], bn: ['batchNorm'], criterion: ['loss'], lossfunction: ['loss'],
  // keys of the file
  batchsize: ['batch'], bs: ['batch'], model: ['backbone'], arch: ['backbone'], architecture: ['backbone'], network: ['backbone'], dataset: ['data'], datadir: ['data'],
  imagesize: ['inputSize'], imgsize: ['inputSize'], resolution: ['inputSize'], earlystopping: ['stop'], earlystop: ['stop'], monitor: ['metric'], mindelta: ['minImprovement'],
  randomseed: ['seed'], sweep: ['variants'], grid: ['variants'], timelimit: ['budget'], maxtime: ['budget'], baselines: ['controls'], phases: ['stages'],
  path: ['folder', 'image'], root: ['folder'], directory: ['folder'], csv: ['manifest'], annotations: ['manifest'], labels: ['label'], target: ['label'], val: ['validation'], valid: ['validation'],
  // words
  linear: ['polynomial'], poly: ['polynomial'], cosineannealing: ['cosine'], cosinedecay: ['cosine'], steplr: ['step'], multistep: ['step'], flat: ['constant'],
  ce: ['cross-entropy'], bce: ['cross-entropy'], nll: ['cross-entropy'], mse: ['squared'], smoothl1: ['huber'], focalloss: ['focal'],
  eval: ['stored'], running: ['stored'], balanced: ['inverse'], classbalanced: ['effective'],
  hflip: ['flip'], horizontalflip: ['flip'], fliplr: ['flip'], rotation: ['rotate'], colorjitter: ['color'], colour: ['color'], jitter: ['color'], gray: ['grey'], grayscale: ['grey'], greyscale: ['grey'],
  cutout: ['erase'], randomerasing: ['erase'], randomresizedcrop: ['crop'], randaugment: ['strong'], trivialaugment: ['strong'], autoaugment: ['strong'], heavy: ['strong'], weak: ['light'],
  none: ['off'], no: ['off'], false: ['off'], accuracy: ['validation.accuracy'], valaccuracy: ['validation.accuracy'], valacc: ['validation.accuracy'], loss: ['validation.loss'], valloss: ['validation.loss'],
  classification: ['image-classification'], multilabel: ['image-multi-label'], multilabelclassification: ['image-multi-label'], regression: ['image-regression'],
  nearestneighbours: ['knn'], nearestneighbors: ['knn'], fromscratch: ['scratch'], imagenet: ['pretrained'],
  // layers
  fc: ['head'], classifier: ['head'], linearhead: ['head'], everything: ['all'],
};

const bare = (word: string): string => word.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Which of `candidates` was meant by the same word in other case or punctuation, or by what another tool calls it. */
export function otherName(written: string, candidates: readonly string[]): string | undefined {
  const word = bare(written.slice(0, 80));
  return word === '' ? undefined : candidates.find((each) => bare(each) === word) ?? (Object.hasOwn(ours, word) ? ours[word]!.find((each) => candidates.includes(each)) : undefined);
}

/** The same, or what is nearest in letters. */
export const meantBy = (written: string, candidates: readonly string[]): string | undefined => otherName(written, candidates) ?? suggest(written.slice(0, 80), candidates);
