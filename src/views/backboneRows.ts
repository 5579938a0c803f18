import { weightsBytes, type Card } from '../backbones/card.ts';
import { bundledCards } from '../backbones/cards.ts';
import { bytes, count, percent } from '../base/units.ts';
import { visible } from '../protocol/diagnostic.ts';
import { cardOfModel } from '../trainer/hub/knownBackbones.ts';
import { listModels, modelBytes, nameOfModel } from '../trainer/hub/modelCache.ts';

/** One row of the Backbones view, in words. */
export interface BackboneRow {
  /** As an experiment names it. */
  readonly name: string;
  readonly fetched: boolean;
  readonly label: string;
  readonly description: string;
  readonly tooltip: string;
}

/** The bundled ones, then those that were fetched. */
export const backboneRows = (cache: string): readonly BackboneRow[] =>
  [...bundledCards.map((card) => rowOf(card, card.name, 'bundled')), ...fetchedRows(cache)];

const fetchedRows = (cache: string): readonly BackboneRow[] => listModels(cache).map((model) => {
  const name = nameOfModel(model), card = cardOfModel(cache, model), size = bytes(modelBytes(model));
  if (card.ok) return rowOf(card.value, name, 'fetched');
  return { name, fetched: true, label: visible(name), description: `${size} · cannot be used`, tooltip: card.errors.map(({ message, fix }) => visible(`${message}: ${fix ?? ''}`)).join('\n') };
});

function rowOf(card: Card, name: string, origin: 'bundled' | 'fetched'): BackboneRow {
  const { title, parameters, input, imagenetTop1, licence, source, modality } = card, size = bytes(weightsBytes(card));
  const lines = [
    `${title} (${name})`,
    `${parameters.toLocaleString('en')} parameters, ${size} ${origin}`,
    `Photos of ${input.width} × ${input.height}`,
    ...imagenetTop1 === undefined ? [] : [`ImageNet top-1: ${percent(imagenetTop1)}`],
    ...card.labels === undefined ? [] : [`Learnt to tell ${card.labels.length} classes: ${card.labels.slice(0, 3).join(', ')}, …`],
    `Licence: ${licence}`,
    `Source: ${source}`,
  ];
  return {
    name, fetched: origin === 'fetched', label: visible(title), tooltip: lines.map(visible).join('\n'),
    description: origin === 'bundled' ? `${count(parameters)} · ${modality} · bundled` : `${count(parameters)} · ${modality} · ${size} · ${visible(licence)}`,
  };
}
