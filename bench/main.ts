import { join } from 'node:path';
import { ownCache } from '../test/support/ownCache.ts';
import { repoRoot } from '../test/support/root.ts';
import { accuracyBench } from './accuracy.ts';
import { chooseBench } from './choose.ts';
import { costBench } from './cost.ts';
import { earlierFeaturesBench } from './earlierFeatures.ts';
import { editorBench } from './editor.ts';
import { featuresBench } from './features.ts';
import { jobBench } from './job.ts';
import { kernelsBench } from './kernels.ts';
import { negativeTransferBench } from './negativeTransfer.ts';
import { overheadBench } from './overhead.ts';
import { precisionBench } from './precision.ts';
import { presetsBench } from './presets.ts';
import { machine } from './support.ts';
import { rankBench } from './rank.ts';
import { stepBench } from './step.ts';

/** `npm run bench [features] [step] [job] [accuracy] [cost] [precision] [editor] [rank] [overhead] [kernels] [choose]`: what docs/benchmarks.md records, printed as Markdown. Run it on an idle machine. */
const all: Readonly<Record<string, () => Promise<void> | void>> = { features: featuresBench, step: stepBench, job: jobBench, accuracy: accuracyBench, cost: costBench, precision: precisionBench, editor: editorBench, rank: rankBench, overhead: overheadBench, kernels: kernelsBench, choose: chooseBench };
/** Hours, so only by name: docs/studies. */
const studies: typeof all = { presets: presetsBench, 'negative-transfer': negativeTransferBench, 'earlier-features': earlierFeaturesBench };
const wanted = process.argv.slice(2);
process.env['THAW_CACHE'] = ownCache(join(repoRoot, 'out', 'bench-cache')); // of what they start, too
console.log(machine());
for (const [name, bench] of Object.entries({ ...all, ...studies })) if (wanted.length === 0 ? name in all : wanted.includes(name)) await bench();
process.exit(); // ONNX Runtime keeps threads
