import { loadavg } from 'node:os';
import { join } from 'node:path';
import { architectureOf } from '../src/backbones/architectures.ts';
import { median, peerPython, table } from './support.ts';
import { StepProcess } from './stepProcess.ts';

const batch = 16;

/** Pattern: node names of the two topmost blocks and what lies behind them. */
const nets: readonly { readonly name: string; readonly top: string }[] = [
  { name: 'tf_efficientnet_lite0', top: '^(blocks\\.[56]|conv_head|bn2|head)\\b' },
  { name: 'resnet50', top: '^(layer4\\.[12]|head)\\b' },
  { name: 'vit_small_patch16_224', top: '^(blocks\\.1[01]|norm|fc_norm|head)\\b' },
];

const modes = [
  { mode: 'full', title: 'full step', goal: 1 },
  { mode: 'recomputed', title: 'full step, gradient checkpointing', goal: 1 },
  { mode: 'stored', title: 'batch norm on stored statistics', goal: 1 },
  { mode: 'top', title: 'top two blocks, after the first epoch', goal: 3 },
] as const;
const goals: Readonly<Record<string, number>> = { vit_small_patch16_224: 0.9 };

/**
 * One training step (AdamW, batch 16, 224 px) beside PyTorch eager in both memory layouts, each in a process of its own
 * that stays for all rounds: ours, theirs, theirs, ours, … so that other load falls on all alike. With blocks frozen, ours
 * starts from cached boundary features, as every epoch after the first does.
 */
export async function stepBench(rounds = 5): Promise<void> {
  const python = peerPython(), rows: string[][] = [];
  for (const { name, top } of nets) {
    for (const { mode, title, goal } of modes) {
      if (!architectureOf(name) || (mode === 'stored' && name.startsWith('vit'))) continue; // no such network, no batch norm
      const args = [name, mode, String(batch), top];
      const ours = await StepProcess.start(process.execPath, [join('out', 'bench', 'stepEngine.js'), ...args]);
      const peers = python ? [await StepProcess.start(python, [join('bench', 'peer_step.py'), ...args, 'nchw']), await StepProcess.start(python, [join('bench', 'peer_step.py'), ...args, 'channels_last'])] : [];
      for (let round = -1; round < rounds; round++) for (const each of [ours, ...peers]) await each.step(round >= 0);
      for (const each of [ours, ...peers]) await each.end();
      const [nchw, last] = peers, best = peers.length && median(nchw!.stepsMs) < median(last!.stepsMs) ? nchw : last;
      const wanted = mode === 'full' || mode === 'recomputed' ? goals[name] ?? goal : goal;
      rows.push([name, title, perImage(ours), nchw ? perImage(nchw) : '–', last ? perImage(last) : '–',
        best ? `${median(best.stepsMs.map((ms, i) => ms / ours.stepsMs[i]!)).toFixed(2)} × (≥ ${wanted})` : '–',
        mebibytes(ours), nchw ? mebibytes(nchw) : '–', last ? mebibytes(last) : '–', best ? `${(ours.peakBytes / best.peakBytes).toFixed(2)} × (≤ 1)` : '–',
        `${(ours.startMs / 1000).toFixed(1)} s (≤ 3)`]);
    }
  }
  console.log(`\n### Training steps, AdamW, batch ${batch}, 224 px, milliseconds per image, median of ${rounds} in turns (load ${loadavg()[0]!.toFixed(1)})\n`);
  table(['network', 'step', 'Thaw', 'PyTorch NCHW', 'PyTorch channels-last', 'faster than the better one (goal)',
    'peak MiB', 'NCHW', 'channels-last', 'against the faster (goal)', 'engine start to first step (goal)'], rows);
}

const perImage = ({ stepsMs }: StepProcess): string => (median(stepsMs) / batch).toFixed(1);
const mebibytes = ({ peakBytes }: StepProcess): string => (peakBytes / 2 ** 20).toFixed(0);
