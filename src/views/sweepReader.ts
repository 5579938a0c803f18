import { sweepRows } from '../evidence/sweep.ts';
import type { SweepRow } from '../protocol/sweep.ts';
import { variantsOf } from '../runs/variants.ts';
import type { ModelRun, RunModel } from './runModel.ts';

/** What the runs of a sweep have shown, put together anew when one of them has news. `withAnswers`: compared item by item too, which reads their predictions. */
export class SweepReader {
  readonly #model: Pick<RunModel, 'membersOf'>;
  readonly #withAnswers: boolean;
  readonly #read = new Map<string, { readonly of: string; readonly rows: readonly SweepRow[] }>();

  constructor(model: Pick<RunModel, 'membersOf'>, withAnswers: boolean) {
    this.#model = model;
    this.#withAnswers = withAnswers;
  }

  /** Undefined: it is no sweep, or a single run is left of it. */
  rowsOf(sweep: string | undefined): readonly SweepRow[] | undefined {
    const members = sweep === undefined ? [] : this.#model.membersOf(sweep);
    if (sweep === undefined || members.length < 2) return undefined;
    const of = members.map(newsOf).join(), read = this.#read.get(sweep);
    if (read?.of === of) return read.rows;
    const rows = sweepRows(variantsOf(members, this.#withAnswers), members.some(({ manifest }) => manifest.task === 'image-regression'));
    this.#read.set(sweep, { of, rows });
    return rows;
  }
}

const newsOf = ({ manifest: { id, best, test } }: ModelRun): string => `${id} ${best?.validationLoss ?? ''} ${test?.value ?? ''}`;
