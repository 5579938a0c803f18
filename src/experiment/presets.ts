import { experimentField } from './schema.ts';
import type { TextField } from './schema.ts';
import { yamlText } from './format.ts';
import { isManifestName } from './manifestName.ts';
import type { Plan } from './plan.ts';

/** The plans that *Fine-Tune This Folder* offers: experiment files with their reasons in comments, a person's from then on. */
export type PresetName = 'features-only' | 'top-blocks' | 'everything';

export interface Preset {
  readonly name: PresetName;
  readonly title: string;
  /** What it will do, in one line of a quick pick: it shows some 80 characters. */
  readonly detail: string;
  /** The `stages` of the file, with comments. */
  readonly stages: string;
}

export const presets: readonly Preset[] = [
  {
    name: 'features-only',
    title: 'Features only',
    detail: 'Trains a new head on frozen features: seconds, hard to beat with few photos.',
    stages: `\
# A linear probe: the pretrained network stays as it is, each photo goes through it once (and once mirrored), and only
# the new head learns. Kornblith et al. 2019, "Do Better ImageNet Models Transfer Better?" (arXiv:1805.08974), section 3.
stages:
  - name: probe
    train: [head]
    epochs: 30            # at most: the features are cached, so epochs are cheap, and early stopping ends sooner
    rate: 3e-3            # on four small photo sets, 1e-3 to 1e-2 came within 2.4 points of each other, none always best
`,
  },
  {
    name: 'top-blocks',
    title: 'Top blocks',
    detail: 'First the head, then the top blocks too: minutes, better with hundreds a class.',
    stages: `\
# Linear probe, then fine-tune (LP-FT): a head that already fits keeps the first steps from distorting good features.
# Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features" (arXiv:2202.10054).
stages:
  - name: probe
    train: [head]
    epochs: 20
    rate: 3e-3
  - name: thaw
    train: [blocks.5, blocks.6, conv_head, head]
    epochs: 15
    rate: 3e-4            # a tenth of the probe's
    layerDecay: 0.75      # lower blocks move less: Howard & Ruder 2018 (arXiv:1801.06146), section 3.2
    batchNorm: stored     # a small folder's batches are too few to estimate statistics from
`,
  },
  {
    name: 'everything',
    title: 'Everything',
    detail: 'First the head, then every layer slowly: for thousands of photos, or odd ones.',
    stages: `\
# Probe first, then all layers at a low rate that falls towards the input: LP-FT (arXiv:2202.10054) with layer-wise
# decay (arXiv:1801.06146). Worth its time with thousands of photos, or with pictures far from everyday photographs.
stages:
  - name: probe
    train: [head]
    epochs: 20
    rate: 3e-3
  - name: everything
    train: [all]
    epochs: 20
    rate: 2e-4
    layerDecay: 0.8
    batchNorm: stored
`,
  },
];

export const presetOf = (name: PresetName): Preset => presets.find((preset) => preset.name === name)!;

export interface DataSize {
  /** Photos, over all classes. */
  readonly images: number;
  readonly classes: number;
}

/** Which preset fits this many photos, and why, in one sentence. */
export function recommend({ images, classes }: DataSize): { readonly preset: PresetName; readonly why: string } {
  const perClass = Math.floor(images / Math.max(1, classes));
  // Thawing pays once there is enough per class to move 3 M parameters by; Kornblith et al. (figure 6) see the gap close from some hundreds on.
  if (perClass < 300) return { preset: 'features-only', why: `${perClass} photos per class are few: the head alone learns fast and seldom overfits.` };
  if (perClass < 2000) return { preset: 'top-blocks', why: `${perClass} photos per class are enough to adapt the last blocks too.` };
  return { preset: 'everything', why: `${perClass} photos per class are enough to adapt every layer.` };
}

export interface FileFacts {
  /** As it is to stand in the file, relative to it: a folder, or a manifest. */
  readonly folder: string;
  readonly task?: Plan['task'];
  readonly backbone?: string;
  /** Line for the head of the file: what was seen in the folder, why this plan. */
  readonly because?: string;
  /** As it is to stand in the file: `auto`, `off`, `5 min`. */
  readonly scratchBudget?: string;
}

/** The text of a new experiment file. It resolves without a word of complaint and says what each part is for. */
export function experimentText(name: PresetName, { folder, task = 'image-classification', backbone = defaultBackbone, because, scratchBudget = 'auto' }: FileFacts): string {
  const preset = presetOf(name);
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

${preset.stages}
stop: { patience: 5, metric: validation.loss }

# Did the transfer help? The run is compared with these on the same test photos. Take one out and the verdict says so.
controls: [blind, knn, linear-probe, random-features, scratch]
scratchBudget: ${scratchBudget.padEnd(10)} # for "scratch": as long as the run itself, at least a minute; or 2× run, 5 min, off
seed: 1
`;
}

const defaultBackbone = (experimentField.keys['backbone'] as TextField).default!;
