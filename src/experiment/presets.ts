import { bundledBackbones } from '../backbones/backbones.ts';
import type { Backbones } from '../backbones/backbones.ts';
import { networkOf } from '../backbones/networkOf.ts';
import type { Network } from '../backbones/op.ts';
import { thawGroups, topBlocks } from '../backbones/thawOrder.ts';
import { experimentField } from './schema.ts';
import type { TextField } from './schema.ts';
import { hasBatchNorm } from './stageLayers.ts';
import { yamlText } from './format.ts';
import { isManifestName } from './manifestName.ts';
import type { Plan } from './plan.ts';

/** The plans that *Fine-Tune This Folder* offers: experiment files with their reasons in comments, a person's from then on. */
export type PresetName = 'features-only' | 'few-images' | 'lp-ft' | 'top-blocks' | 'gradual' | 'everything' | 'from-scratch';

export interface Preset {
  readonly name: PresetName;
  readonly title: string;
  /** What it will do, in one line of a quick pick: it shows some 80 characters. */
  readonly detail: string;
  /**
   * The `stages` of the file (and `weights`, where they are not the pretrained ones), with comments. network: of the
   * backbone; undefined: not known before it is fetched, and no block can be named.
   */
  readonly stages: (network: Network | undefined) => string;
  /** Takes each photo to be of one class. */
  readonly ofClasses?: true;
  /** When it ends, and what its best epoch is; left out: `patience: 5, metric: validation.loss`. */
  readonly stop?: string;
}

/** The head on frozen features; other recipes begin with it. */
const probe = (epochs: number): string => `\
  - name: probe
    train: [head]
    epochs: ${String(epochs).padEnd(13)} # at most: features are cached, so epochs are cheap, and early stopping ends sooner
    rate: 3e-3            # on four small photo sets, 1e-3 to 1e-2 came within 2.4 points of each other, none always best
`;

const unknown = '# The blocks of this backbone are known once it has been fetched: until then, all train. Tick fewer in Layers afterwards.\n';

/** From cheap to dear. */
export const presets: readonly Preset[] = [
  {
    name: 'features-only',
    title: 'Features only',
    detail: 'Trains a new head on frozen features: seconds, hard to beat with few photos.',
    stages: () => `\
# A linear probe: the pretrained network stays as it is, each photo goes through it once (and once mirrored), and only
# the new head learns. Kornblith et al. 2019, "Do Better ImageNet Models Transfer Better?" (arXiv:1805.08974), section 3.
stages:
${probe(30)}`,
  },
  {
    name: 'few-images',
    title: 'Few images',
    detail: 'The head starts as class means and is held back: for a handful of photos a class.',
    ofClasses: true,
    stages: () => `\
# The head begins as each class's mean feature at unit length (weight imprinting: Qi et al. 2018, arXiv:1712.07136,
# section 3.2): a classifier without training. Then it learns under strong regularisation, on few photos the better part
# of few-shot learning (Tian et al. 2020, arXiv:2003.11539, section 3.2). Where that does not help, the means are kept.
stages:
  - name: prototypes
    train: [head]
    headStart: prototypes # instead of random weights
    epochs: 30
    rate: 1e-3
    weightDecay: 0.1      # ten times the default
    dropout: 20%          # of the features, anew in each step
    labelSmoothing: 10%   # the few photos shall not be learnt by heart
`,
  },
  {
    name: 'top-blocks',
    title: 'Top blocks',
    detail: 'First the head, then the top blocks too: minutes, better with hundreds a class.',
    stages: (network) => `\
# First the head, then the blocks next to it, whose features are the most of the source task's own (Yosinski et al. 2014,
# arXiv:1411.1792, section 4). What lies below stays frozen and cached. The head goes first, so that it does not distort
# good features in its first steps (LP-FT: Kumar et al. 2022, arXiv:2202.10054).
stages:
${probe(20)}${network ? '' : `  ${unknown}`}\
  - name: thaw
    train: [${network ? [...topBlocks(network), 'head'].join(', ') : 'all'}]
    epochs: 15
    rate: 3e-4            # a tenth of the probe's
    layerDecay: 0.75      # lower blocks move less: Howard & Ruder 2018 (arXiv:1801.06146), section 3.2
    batchNorm: stored     # a small folder's batches are too few to estimate statistics from
`,
  },
  {
    name: 'lp-ft',
    title: 'Probe, then everything (LP-FT)',
    detail: 'First the head to its end, then all layers gently: keeps what the features know.',
    stages: () => `\
# Linear probe, then fine-tune: a head that already fits keeps the first steps from distorting good features, which pays
# most where new photos differ from these. Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features"
# (arXiv:2202.10054), section 4: all layers at one low rate.
stages:
${probe(20)}\
  - name: all
    train: [all]
    epochs: 15
    rate: 1e-4            # a thirtieth of the probe's
    batchNorm: stored     # a small folder's batches are too few to estimate statistics from
`,
  },
  {
    name: 'gradual',
    title: 'Gradual unfreezing',
    detail: 'Thaws from the top down, stage by stage: each block learns on top of settled ones.',
    stages: (network) => `\
# Gradual unfreezing (ULMFiT: Howard & Ruder 2018, arXiv:1801.06146): the head first, then from the top down a group of
# blocks more in each stage (section 3.3), lower blocks at lower rates, each rate rising fast and falling in a straight line
# (slanted triangles, section 3.2). There a layer thaws in each epoch; here a group in each stage, at most four of them.
stages:
${probe(10)}${network ? '' : `  ${unknown}`}${gradually(network ? thawGroups(network, 4) : [])}`,
  },
  {
    name: 'everything',
    title: 'Everything',
    detail: 'All layers at once, lower ones more slowly: for thousands of photos, or odd ones.',
    stages: () => `\
# Full fine-tuning with layer-wise decay: head and blocks learn together, each block at three quarters of the rate of the
# one above it (Clark et al. 2020, arXiv:2003.10555, appendix A; for vision Bao et al. 2022, arXiv:2106.08254, appendix H).
# Worth its time with thousands of photos, or with pictures far from everyday photographs.
stages:
  - name: everything
    train: [all]
    epochs: 30
    rate: 1e-3            # of the head; what lies below gets less
    layerDecay: 0.75
    batchNorm: stored     # a small folder's batches are too few to estimate statistics from
`,
  },
  {
    name: 'from-scratch',
    title: 'From scratch',
    detail: 'No transfer: random weights, every layer learns. For very many photos, or to compare.',
    stop: '{ patience: 20, metric: validation.accuracy } # its loss rises while it gets better: few photos make it too sure',
    stages: (network) => `\
# No transfer: worth it with tens of thousands of photos, or where nothing that was learnt before fits. It takes far more
# passes than fine-tuning, and batch norm with its own statistics (He et al. 2019, "Rethinking ImageNet Pre-training",
# arXiv:1811.08883, sections 3 and 4.2). kNN on pretrained features is still there to compare with.
weights: random
stages:
  - name: scratch
    train: [all]
    epochs: 100
    rate: 1e-3
    weightDecay: 0.05
    augment: light        # the only thing that makes more of few photos
${!network || hasBatchNorm(network) ? '    batchNorm: batch      # no statistics came with random weights\n' : ''}`,
  },
];

/** A stage for each group and all above it; the last one has everything. */
function gradually(groups: readonly (readonly string[])[]): string {
  return Array.from({ length: Math.max(1, groups.length) }, (_, i) => {
    const isLast = i >= groups.length - 1, train = isLast ? ['all'] : [...groups.slice(0, i + 1).reverse().flat(), 'head'];
    return `\
  - name: thaw ${i + 1}
    train: [${train.join(', ')}]
    epochs: ${isLast ? 10 : 5}
    rate: 3e-4
    layerDecay: 0.75
    schedule: polynomial  # of power 1: a straight line
    batchNorm: stored
`;
  }).join('');
}

export const presetOf = (name: PresetName): Preset => presets.find((preset) => preset.name === name)!;

export interface FileFacts {
  /** As it is to stand in the file, relative to it: a folder, or a manifest. */
  readonly folder: string;
  readonly task?: Plan['task'];
  readonly backbone?: string;
  /** What the backbone's name is looked up in, for the names of its blocks. */
  readonly backbones?: Backbones;
  /** Line for the head of the file: what was seen in the folder, why this plan. */
  readonly because?: string;
  /** As it is to stand in the file: `auto`, `off`, `5 min`. */
  readonly scratchBudget?: string;
  /** Time that there is, likewise; left out: the file says nothing of it. */
  readonly budget?: string;
}

/** The text of a new experiment file. It resolves without a word of complaint and says what each part is for. */
export function experimentText(name: PresetName, facts: FileFacts): string {
  const { folder, task = 'image-classification', backbone = defaultBackbone, backbones = bundledBackbones, because, scratchBudget = 'auto', budget } = facts;
  const preset = presetOf(name), found = backbones.find(backbone), network = found.ok && found.value ? networkOf(found.value) : undefined;
  return `\
# ${preset.title}: ${preset.detail}
${because === undefined ? '' : `# ${because.replace(/\s+/g, ' ')}\n`}# Every key and its default: docs/experiment-file.md. Tick layers in the Layers view, or edit here: both are the same.
thaw: 1
task: ${task}
data:
  ${isManifestName(folder) ? 'manifest' : 'folder'}: ${yamlText(folder)}
  # Chosen on validation, judged once on test. The seed keeps the split; near-duplicates never sit on both sides.
  split: { train: 70%, validation: 15%, test: 15%, seed: 7, keepTogether: near-duplicates }
backbone: ${yamlText(backbone)}

${preset.stages(network)}
stop: ${preset.stop ?? '{ patience: 5, metric: validation.loss }'}
${budget === undefined ? '' : `budget: ${budget.padEnd(17)} # for training: it ends there, with the best weights so far\n`}
${controls(name, scratchBudget)}
seed: 1
`;
}

const controls = (name: PresetName, scratchBudget: string): string => name === 'from-scratch' ? `\
# What would transfer have given? The run is compared with these on the same test photos.
controls: [blind, knn, linear-probe]` : `\
# Did the transfer help? The run is compared with these on the same test photos. Take one out and the verdict says so.
controls: [blind, knn, linear-probe, random-features, scratch]
scratchBudget: ${scratchBudget.padEnd(10)} # for "scratch": as long as the run itself, at least a minute; or 2× run, 5 min, off`;

const defaultBackbone = (experimentField.keys['backbone'] as TextField).default!;
