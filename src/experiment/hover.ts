import { weightsBytes } from '../backbones/card.ts';
import type { Architecture } from '../backbones/card.ts';
import { cutCost, stepFlops } from '../backbones/cost.ts';
import { matchPatterns } from '../backbones/freezePlan.ts';
import { networkOf } from '../backbones/networkOf.ts';
import type { Network } from '../backbones/op.ts';
import { parametersOf } from '../backbones/parameters.ts';
import { bytes, count, percent, shortTime } from '../base/units.ts';
import type { CostBasis } from '../protocol/answers.ts';
import type { Checked, TextPosition, TextRange } from '../protocol/diagnostic.ts';
import { featuresText, isCard, patternText } from './completion.ts';
import { fieldCost } from './fieldCost.ts';
import { detailOf, formatValue } from './format.ts';
import type { Read } from './parse.ts';
import type { Plan } from './plan.ts';
import { predictPlan, runMs, workloadOf } from './predict.ts';
import type { Resolved } from './resolve.ts';
import { fieldAt, wordsOf } from './schema.ts';
import type { Field, Value, ValueMap } from './schema.ts';

export interface Hover {
  readonly range: TextRange;
  /** Paragraphs, plain text. */
  readonly lines: readonly string[];
}

/** What the text means where the cursor rests. */
export interface Seen {
  readonly read: Read;
  readonly checked: Checked<Resolved>;
  /** What predictions rest on, where it is known. */
  readonly basis?: CostBasis | undefined;
}

/**
 * Over a key: what it is for, what may stand there, the value in force and where that comes from. Over a value: what it
 * means; of a pattern the layers it names and what training them costs; of a backbone its card.
 */
export function hoverAt(seen: Seen, position: TextPosition): Hover | undefined {
  let found: { readonly path: string; readonly range: TextRange; readonly isKey: boolean } | undefined;
  for (const [path, { key, value }] of seen.read.written.places) { // parents come before what lies in them: the last is the innermost
    if (key && contains(key, position)) found = { path, range: key, isKey: true };
    else if (contains(value, position) && isLeaf(fieldAt(path))) found = { path, range: value, isKey: false };
  }
  const field = found && fieldAt(found.path);
  if (!found || !field) return undefined;
  const lines = found.isKey ? keyLines(field, found.path, seen) : valueLines(field, found.path, seen);
  return lines.length > 0 ? { range: found.range, lines } : undefined;
}

const isLeaf = (field: Field | undefined): boolean => field !== undefined && field.kind !== 'map' && field.kind !== 'list';

function keyLines(field: Field, path: string, { checked, basis }: Seen): readonly string[] {
  const options = optionLines(field), cost = fieldCost(path), allowed = options.length > 0 && field.kind === 'choice' ? [] : [detailOf(field)];
  return [field.describe, ...options, ...allowed, ...cost === undefined ? [] : [`Cost: ${cost}.`], ...checked.ok ? [...inForce(field, path, checked.value), ...costOf(path, checked.value, basis)] : []];
}

const optionLines = (field: Field): readonly string[] =>
  [...Object.entries(wordsOf(field)).map(([word, meaning]) => `${word}: ${meaning}${'default' in field && word === field.default ? ' (default)' : ''}`), ...field.kind === 'list' ? optionLines(field.of) : []];

/** One line, also of a map. */
function inForce(field: Field, path: string, { plan, origins }: Resolved): readonly string[] {
  const value = valueAt(plan, path);
  if (value === undefined) return [];
  const said = field.kind === 'map' ? mapInForce(field.keys, path, value as ValueMap, origins) : field.kind === 'list' && field.of.kind === 'map' ? '' : `${formatValue(field, value)} (${origins[path] ?? 'default'})`;
  return said === '' ? [] : [`In force: ${said}.`];
}

/** By where they come from: "rate 0.01 (file); train [head], epochs 30 (default)". */
function mapInForce(keys: Readonly<Record<string, Field>>, path: string, value: ValueMap, origins: Resolved['origins']): string {
  const byOrigin = new Map<string, string[]>();
  for (const [key, field] of Object.entries(keys)) {
    const own = value[key], origin = origins[`${path}.${key}`] ?? 'default';
    if (own === undefined || field.kind === 'map' || (field.kind === 'list' && field.of.kind === 'map')) continue;
    byOrigin.set(origin, [...byOrigin.get(origin) ?? [], `${key} ${formatValue(field, own)}`]);
  }
  return [...byOrigin].sort(([a], [b]) => Number(a === 'default') - Number(b === 'default')).map(([origin, values]) => `${values.join(', ')} (${origin})`).join('; ');
}

function valueAt(plan: Plan, path: string): Value | undefined {
  let at: unknown = plan;
  for (const part of path.split('.')) at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[part] : undefined;
  return at as Value | undefined;
}

function valueLines(field: Field, path: string, seen: Seen): readonly string[] {
  const value = writtenAt(seen.read.written.values, path), { checked } = seen;
  if (typeof value !== 'string') return [];
  const meaning = wordsOf(field)[value];
  if (meaning !== undefined) return [`${value}: ${meaning}`];
  if (field.kind !== 'text' || !checked.ok) return [];
  const { backbone, plan } = checked.value, stage = /^stages\.(\d+)\./.exec(path)?.[1];
  if (field.names === 'backbone') return backbone ? cardLines(backbone.whole ?? backbone) : [`${value}: its layers are known once it has been fetched.`];
  if (field.names === 'block') return backbone ? [`${value}: ${featuresText(backbone)}.`] : [];
  if (field.names === 'stage' && stage !== undefined) return inForce(fieldAt(`stages.${stage}`)!, `stages.${stage}`, checked.value);
  if (field.names !== 'pattern' || !backbone || stage === undefined) return [];
  return [`${value}: ${patternText(networkOf(backbone), value)}.`, ...layerLines(networkOf(backbone), value), ...costOf(`stages.${stage}.train`, checked.value, seen.basis), ...plan.stages.length > 1 ? [`In “${plan.stages[Number(stage)]!.name}”.`] : []];
}

function writtenAt(values: ValueMap, path: string): unknown {
  let at: unknown = values;
  for (const part of path.split('.')) at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[part] : undefined;
  return at;
}

/** As many as a hover shows at a glance. */
const layersShown = 8;

/** "blocks.6.0.conv_pw, blocks.6.0.bn1, … and 9 more". */
function layerLines(network: Network, pattern: string): readonly string[] {
  const { trained } = matchPatterns(network, [pattern]), nodes = [...new Set(parametersOf(network).filter(({ name }) => trained.has(name)).map(({ node }) => node))];
  if (nodes.length < 2) return [];
  return [`${nodes.slice(0, layersShown).join(', ')}${nodes.length > layersShown ? ` and ${nodes.length - layersShown} more` : ''}`];
}

/** What the freeze plan of a stage costs: by its op list, and in time where this machine's rates are known. */
function costOf(path: string, resolved: Resolved, basis: CostBasis | undefined): readonly string[] {
  const { plan, backbone } = resolved, stage = /^stages\.(\d+)\.train/.exec(path)?.[1];
  if (!backbone) return [];
  const predicted = basis && predictPlan(plan, backbone, basis);
  if (path === 'stages' && predicted) return [`Predicted: ${shortTime(runMs(plan, predicted.stages, workloadOf(plan, basis.images).trainSamples))} for ${basis.images} photos, if no stage ends early.`];
  if (stage === undefined) return [];
  const network = networkOf(backbone), own = cutCost(network, matchPatterns(network, plan.stages[Number(stage)]!.train).trained), whole = cutCost(network, matchPatterns(network, ['all']).trained);
  const cached = own.boundary === 'input' ? 'nothing is cached: every photo goes through the whole network in each epoch' : `frozen up to ${own.boundary}: run once per photo, ${bytes(own.featureBytes)} of cache for each view`;
  const now = predicted?.stages[Number(stage)];
  return [
    `In this stage ${count(own.trainedParameters)} of ${count(own.parameters)} parameters train (${percent(own.trainedParameters / own.parameters, 0)}); a step does ${percent(stepFlops(own) / stepFlops(whole), 0)} of the arithmetic of training everything; ${cached}.`,
    ...now ? [`Predicted here: ${shortTime(now.epochMs)} an epoch, ${bytes(now.peakBytes)} of memory, ${now.cacheBytes > 0 ? `${bytes(now.cacheBytes)} of cache` : 'no cache'}.`] : [],
  ];
}

function cardLines(backbone: Architecture): readonly string[] {
  const { input: { width, height, mean, std }, title, features } = backbone;
  const size = `Images of ${width} × ${height} px, ${features} features; mean ${mean.join(', ')}, deviation ${std.join(', ')}.`;
  if (!isCard(backbone)) return [title, size, 'Not fetched yet: its licence and size are known once it is here.'];
  const weight = weightsBytes(backbone), top1 = backbone.imagenetTop1;
  return [
    `${title}: ${count(backbone.parameters)} parameters${weight > 0 ? `, ${bytes(weight)} on disk` : ''}${top1 === undefined ? '' : `, ${percent(top1)} of ImageNet right`}.`,
    `Licence: ${backbone.licence}. From ${backbone.source}.`, size,
  ];
}

const contains = ({ start, end }: TextRange, { line, character }: TextPosition): boolean =>
  (line > start.line || (line === start.line && character >= start.character)) && (line < end.line || (line === end.line && character <= end.character));
