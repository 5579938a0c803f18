import { parseArgs } from 'node:util';
import { suggest } from '../base/suggest.ts';

/** What stands behind `thaw <command>`; all commands share the options, and each says what it takes. */
export interface Arguments {
  readonly command: string;
  readonly operands: readonly string[];
  readonly options: Options;
}

export interface Options {
  readonly json?: boolean;
  readonly engine?: string;
  /** `--set stages.0.rate=1e-3`: values of the plan by dotted path. */
  readonly set?: string[];
  readonly preset?: string;
  readonly 'no-scratch'?: boolean;
  readonly 'scratch-budget'?: string;
  readonly budget?: string;
  readonly from?: string;
  readonly source?: string;
  readonly cuda?: boolean;
  readonly yes?: boolean;
  readonly home?: string;
  /** Of `rank`: those that are meant. */
  readonly backbone?: string[];
  /** Of `check`: look at the photos too. */
  readonly data?: boolean;
  readonly stage?: string;
  readonly 'feature-cache-gb'?: string;
  readonly detach?: boolean;
  readonly help?: boolean;
  readonly version?: boolean;
}

const optionTypes = {
  'json': { type: 'boolean' }, 'engine': { type: 'string' }, 'set': { type: 'string', multiple: true }, 'preset': { type: 'string' },
  'no-scratch': { type: 'boolean' }, 'scratch-budget': { type: 'string' }, 'budget': { type: 'string' }, 'from': { type: 'string' }, 'source': { type: 'string' },
  'cuda': { type: 'boolean' }, 'yes': { type: 'boolean', short: 'y' }, 'home': { type: 'string' }, 'stage': { type: 'string' }, 'backbone': { type: 'string', multiple: true }, 'data': { type: 'boolean' }, 'feature-cache-gb': { type: 'string' },
  'detach': { type: 'boolean' }, 'help': { type: 'boolean', short: 'h' }, 'version': { type: 'boolean', short: 'v' },
} as const;

/** The arguments, or one line saying what is wrong with them. */
export function readArguments(argv: readonly string[]): Arguments | string {
  try {
    const { values, positionals: [command = '', ...operands] } = parseArgs({ args: [...argv], options: optionTypes, allowPositionals: true });
    return { command, operands, options: values };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const near = suggest(/'(-*[\w-]+)/.exec(message)?.[1]?.replace(/^-+/, '') ?? '', Object.keys(optionTypes));
    return `${message.split('. To specify')[0]!}${near ? ` (did you mean --${near}?)` : ''}`;
  }
}

export const usage = `thaw: fine-tune a pretrained network on a folder of photos, and learn whether the transfer helped

  thaw run <folder | labels.csv | file.thaw.yaml>   fine-tune; photos get an experiment file beside them
  thaw check <file.thaw.yaml>          look for problems without running
  thaw plan <file.thaw.yaml>           every value of a run, defaults too, and where it came from
  thaw cost <file.thaw.yaml>           time, memory and disk of every freeze cut, before anything runs
  thaw rank <folder | labels.csv | file.thaw.yaml>  which backbone knows most of the classes, before anything is trained
  thaw lr <file.thaw.yaml>             try learning rates on the last stage (--stage: on another), and suggest some
  thaw predict <run> <files …>         labels with probabilities; <run> is an id, a folder, or "latest"
  thaw explain <run> <images …>        where in each image the network sees its label (Grad-CAM), as PNG
  thaw runs                            runs of this folder
  thaw compare <run> <run>             results side by side, and what differs between their plans
  thaw thaw | freeze <run> <layers …>  while it trains: from the next epoch on, these train or are frozen
  thaw stop <run>                      finish the step, keep a checkpoint, end
  thaw resume <run>                    one that was stopped, or died, goes on from its last checkpoint
  thaw control <run> <kind>            add a control (blind, knn, linear-probe, random-features, scratch) and judge the run anew
  thaw confirm <run>                   repeat it with other seeds until three can be judged together
  thaw doctor                          engines of this machine: what works, how fast, what is missing
  thaw engine install                  TensorFlow for fast training: fetched, checked, unpacked into the cache
  thaw engine list | remove [version]  what is installed, how large, where
  thaw models list | add <hf:owner/name> | remove <hf:owner/name>   backbones from a hub
  thaw cache list | clear              features kept of this folder's runs: what, how much

  --preset features-only | few-images | top-blocks | lp-ft | gradual | everything | from-scratch
                             plan for a folder without a file (default: what fits its size, this machine and --budget)
  --budget "5 min"           time for training, for a folder without a file also to choose its plan by
  --set stages.0.rate=1e-3   one value of the plan, for this run only (repeat as needed)
  --no-scratch               leave the from-scratch control out
  --scratch-budget "2x run"  how long it may take, or 5 min (default: as long as the run, at least a minute)
  --engine tensorflow | webgpu | wasm
                             train on this engine instead of the fastest
  --stage probe | 1          lr: the stage by its name or number
  --home <folder>            where .thaw/runs lies (default: the experiment file's folder)
  --feature-cache-gb 10      how much the feature cache may keep between runs (default: 10 GB)
  --data                     check: look at some of the photos too, as the backbone would see them
  --backbone <name | folder> rank: this one only (repeat as needed; default: all on this machine)
  --detach                   start, print the run's id, and leave it running
  --json                     one JSON line per event, for programs
  --from <file | folder>     engine install: from wheels, a jar or an engine pack at hand
  --source <address>         engine install: from an engine pack or a package index at an https address
  --cuda                     engine install: with NVIDIA's libraries, for GPUs (Linux x64; gigabytes, so it asks)
  --yes                      engine install, remove: do not ask

HF_TOKEN shows a hub who asks, for private and gated backbones; HF_ENDPOINT names another hub than Hugging Face's.

Exit codes: 0 done · 1 something you can mend · 2 wrong usage · 70 our fault, please report · 130 stopped
`;
