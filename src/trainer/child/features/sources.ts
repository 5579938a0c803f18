import type { Activity, RunFact } from '../../../protocol/runEvent.ts';
import type { ByteStore } from '../../../base/byteStore.ts';
import type { Card } from '../../../backbones/card.ts';
import type { Network } from '../../../backbones/op.ts';
import type { StagePlan } from '../../../experiment/plan.ts';
import type { Weights } from '../../../backbones/tensorData.ts';
import type { Dataset } from '../photos/dataset.ts';
import type { Engine } from '../machine/engine.ts';
import type { FeatureSource } from './featureSource.ts';
import { BoundaryFeatures } from './features.ts';
import { pixelSource } from './pixelSource.ts';
import { ProgressLine } from '../photos/progressLine.ts';
import { storedViews } from '../photos/views.ts';

export interface SourcesOptions {
  readonly card: Card;
  readonly network: Network;
  readonly stages: readonly Pick<StagePlan, 'augment' | 'views'>[];
  readonly store: ByteStore;
  readonly threads: number;
  readonly engine: () => Promise<Engine>;
  readonly activity: Activity & ('features' | 'random-features');
  readonly append: (fact: RunFact) => void;
  readonly stop: AbortSignal;
}

/** What the stages of one training run are fed with: cached features at their boundary, or pixels. */
export class Sources {
  readonly #options: SourcesOptions;
  #title: string | undefined;

  constructor(options: SourcesOptions) {
    this.#options = options;
  }

  /** The engine of the frozen layers, once it had to work. */
  get title(): string | undefined {
    return this.#title;
  }

  /** The features at `boundary`, to be filled while the folder is read. The caller disposes them. */
  features(boundary: string, weights: Weights): Promise<BoundaryFeatures> {
    const { network, card, store, threads, stages, append, engine } = this.#options;
    return BoundaryFeatures.open({ network, weights, boundary, input: card.input, store, threads, engine, views: storedViews(stages), report: (diagnostic) => append({ type: 'warning', diagnostic }) });
  }

  async of(boundary: string, weights: Weights, dataset: Dataset): Promise<FeatureSource> {
    const { card, append, activity, stop } = this.#options;
    if (boundary === 'input') return pixelSource(dataset, card.input);
    const features = await this.features(boundary, weights);
    const line = new ProgressLine(activity, append);
    try {
      return await features.source(dataset, stop, (done, total) => line.at(done, total));
    } finally {
      this.#title ??= features.title;
      features.dispose();
    }
  }
}
