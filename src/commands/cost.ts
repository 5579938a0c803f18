import { resolve } from 'node:path';
import { dataText } from '../experiment/dataText.ts';
import { predictPlan } from '../experiment/predict.ts';
import { parseCostBasis } from '../protocol/guards.ts';
import { formatJson } from '../protocol/jsonText.ts';
import type { Options } from '../terminal/arguments.ts';
import { costTable } from '../terminal/costTable.ts';
import { experimentAt } from './experimentAt.ts';
import { ink, print, wrongUsage } from './output.ts';
import { hostOf } from './places.ts';
import { answered, refused, valueOf } from './problems.ts';

/** What each freeze cut would cost here, and the plan as it stands. The first time, the machine is measured. */
export async function cost([file]: readonly string[], options: Options): Promise<number> {
  if (file === undefined) return wrongUsage('thaw cost <file.thaw.yaml>');
  const { plan, backbone } = valueOf(await experimentAt(resolve(file), options));
  if (!backbone) throw refused('weights-missing', `the layers of ${plan.backbone} are known once it has been fetched`, file, `\`thaw models add ${plan.backbone}\``);
  const basis = answered(parseCostBasis(valueOf(await hostOf(process.cwd()).ask('cost', [dataText(plan)], { timeoutMs: 600_000 }))));
  const { stages, cuts } = predictPlan(plan, backbone, basis);
  const named = stages.map((stage, i) => ({ name: plan.stages[i]!.name, epochs: plan.stages[i]!.epochs, ...stage }));
  return print(options.json ? formatJson({ basis, stages: named, cuts }) : costTable({ basis, stages: named, cuts, batch: plan.batch, task: plan.task }, ink));
}
