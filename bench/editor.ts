import { bundledBackbones } from '../src/backbones/backbones.ts';
import { completeAt } from '../src/experiment/completion.ts';
import { hoverAt } from '../src/experiment/hover.ts';
import { laidOut } from '../src/experiment/layout.ts';
import { editsOf } from '../src/experiment/mend.ts';
import { entriesOf, foldsOf, headOf } from '../src/experiment/outline.ts';
import { readExperiment } from '../src/experiment/parse.ts';
import { resolveRead } from '../src/experiment/resolve.ts';
import type { ResolveOptions } from '../src/experiment/resolve.ts';
import { diagnosticsOf } from '../src/protocol/diagnostic.ts';
import { median, table } from './support.ts';

const options: ResolveOptions = { file: 'f', folderOf: (written) => written, backbones: bundledBackbones };

/** 300 lines: forty stages of seven lines, most with remarks to make. */
function longExperiment(): string {
  const stage = (i: number): string => `  # stage ${i}\n  - name: stage ${i}\n    train: [head, conv_head, blocks.${i % 3}]\n    epochs: ${3 + i}\n    rate: 3e-4   # slower\n    layerDecay: 0.75\n    warmup: 5%\n`;
  const text = `thaw: 1\ndata:\n  folder: photos\n  split: { train: 70%, validation: 15%, test: 15% }\nbackbone: efficientnet_lite0\n\nstages:\n  - name: probe\n    train: [head]\n    rate: 3e-3\n${Array.from({ length: 41 }, (_, i) => stage(i)).join('')}\nstop: { patience: 5 }\ncontrols: [blind, knn, random-features, scratch]\n`;
  return text;
}

/** What one keystroke in an experiment file costs the extension host, feature by feature. No engine, no files. */
export function editorBench(keystrokes = 60): void {
  const text = longExperiment(), lines = text.split('\n');
  for (const backbone of ['efficientnet_lite0', 'hf:timm/resnet50.a1_in1k']) {
    let before = process.cpuUsage(), began = performance.now();
    const took: Record<string, number[]> = {};
    const timed = <T>(what: string, work: () => T): T => {
      const start = performance.now(), result = work();
      (took[what] ??= []).push(performance.now() - start);
      return result;
    };
    for (let i = -5; i < keystrokes; i++) { // the first ones warm up
      const at = 10 + ((i + 5) * 5) % (lines.length - 20), letter = lines.map((line, n) => n === at ? `${line} # ${'x'.repeat(i + 6)}` : line).join('\n').replace('efficientnet_lite0', backbone).replaceAll('conv_head, blocks.', backbone.startsWith('hf') ? 'layer4.' : 'conv_head, blocks.');
      if (i === 0) [before, began] = [process.cpuUsage(), performance.now()];
      if (i === 0) for (const key of Object.keys(took)) took[key] = [];
      const start = performance.now(), position = { line: at, character: 12 };
      const read = timed('parse and check', () => readExperiment(letter, 'f')), checked = timed('resolve, sense, lint', () => resolveRead(read, options));
      timed('outline, folding, lens', () => [entriesOf(read), foldsOf(read), headOf(read)]);
      timed('quick fixes of what is under the cursor', () => diagnosticsOf(checked).slice(0, 1).map(({ mend }) => mend && editsOf(read.source, mend.changes)));
      timed('completion', () => completeAt(letter, position, options));
      (took['all of these: one keystroke'] ??= []).push(performance.now() - start);
      timed('hover, on top', () => hoverAt({ read, checked }, position));
    }
    const { user, system } = process.cpuUsage(before), processorMs = (user + system) / 1000, clock = (performance.now() - began) / processorMs;
    for (let i = 0; i < 9; i++) timed('format document, when asked', () => laidOut(text));
    console.log(`\n### Experiment file of ${lines.length - 1} lines, ${backbone}, milliseconds, ${keystrokes} keystrokes (goal: 50); processor time ${(processorMs / keystrokes).toFixed(1)} each, clock ${clock.toFixed(2)} × that: ${clock < 1.1 ? 'the machine was idle' : 'the machine was not idle, and the milliseconds are too many'}\n`);
    table(['', 'median', 'slowest'], Object.entries(took).map(([what, ms]) => [what, median(ms).toFixed(1), Math.max(...ms).toFixed(1)]));
  }
}
