import type { Rng } from '../../src/base/rng.ts';
import { fieldAt, type Field, wordsOf } from '../../src/experiment/schema.ts';

/**
 * A random sound experiment file as people write them: keys missing or in any order, flow and block style mixed, quotes
 * here and there, comments in every place that YAML has for them, Windows line ends. Each comment is unique. Every key of the
 * schema occurs, in all ways that its values are written in, but for those that would contradict what else stands there.
 */
export function randomExperiment(random: Rng, patterns: readonly string[]): string {
  let comments = 0;
  const chance = (share: number): boolean => random.next() < share;
  const pick = <T>(items: readonly T[]): T => items[random.int(items.length)]!;
  const remark = (): string => chance(0.3) ? ` # remark ${comments++}, [it] "says": {so}` : '';
  const ownLine = (indent: string): string => chance(0.15) ? `${indent}# line ${comments++}: it's - so\n` : '';
  const some = <T>(items: readonly T[]): T[] => random.shuffled(items).slice(0, 1 + random.int(Math.min(4, items.length)));
  const quoted = (text: string): string => pick([text, text, text, `"${text}"`, `'${text}'`]);

  const flowList = (items: readonly string[], indent: string): string => {
    const shape = random.int(4);
    if (shape < 2) return `[${items.map(quoted).join(', ')}]`;
    if (shape === 2) return `[ ${items.map(quoted).join(' , ')} ]`;
    const lines = items.map((item, i) => `${ownLine(`${indent}    `)}${indent}    ${quoted(item)}${i < items.length - 1 || chance(0.5) ? ',' : ''}${remark()}\n`);
    return `[${remark()}\n${lines.join('')}${indent}  ]`;
  };
  const blockList = (items: readonly string[], indent: string): string =>
    `${remark()}\n${items.map((item) => `${ownLine(indent)}${indent}- ${quoted(item)}${remark()}`).join('\n')}`;

  /** Any value that the field may have, as somebody would write it. */
  const valueOf = (field: Field): string => {
    const words = field.kind === 'choice' ? [] : Object.keys(wordsOf(field));
    if (words.length > 0 && chance(0.3)) return quoted(pick(words));
    switch (field.kind) {
      case 'number': return field.integer ? String(field.min + random.int(Math.min(field.max - field.min, 60) + 1)) : pick([String, (value: number) => value.toExponential()])(within(field));
      case 'share': return pick([(value: number) => String(value), (value: number) => `${Number((100 * value).toPrecision(4))}%`, (value: number) => `${Number((100 * value).toPrecision(4))} %`])(within(field));
      case 'choice': return quoted(pick(Object.keys(field.options)));
      case 'duration': return pick(['5 min', '90 s', '1.5h', ...field.multiples ? ['2× run', '0.5 x run'] : []]);
      case 'list': return field.of.kind === 'choice' ? flowList(some(Object.keys(field.of.options)), '      ') : '[]';
      default: return quoted('some name');
    }
  };
  const within = ({ min, max }: { readonly min: number; readonly max: number }): number => Math.min(max, Math.max(min, Number((min + random.next() * (Math.min(max, 1) - min)).toPrecision(3))));
  const written = (path: string): string => valueOf(fieldAt(path)!);
  const inMap = (path: string, keys: readonly string[]): string => `{ ${some(keys).map((key) => `${key}: ${written(`${path}.${key}`)}`).join(', ')} }`;

  const anyWhere = ['optimizer', 'momentum', 'rate', 'layerDecay', 'schedule', 'power', 'warmup', 'weightDecay', 'clip', 'accumulate', 'batchNorm', 'dropout', 'dropPath', 'gamma', 'delta', 'labelSmoothing', 'classBalance', 'mixup', 'augment', 'views', 'ema', 'leaveAfter'];
  const stageValues = (isFirst: boolean): [key: string, value: string][] => random.shuffled<[string, string]>([
    ['name', pick(['probe', 'thaw', '"a: b"', 'top blocks'])],
    chance(0.8) ? ['epochs', written('stages.0.epochs')] : ['steps', '40'],
    ['loss', pick(['auto', 'cross-entropy', 'focal'])],
    ['regularize', pick(['{}', '{ l2sp: 0 }', '{ bss: 0.0, lwf: 0 }'])],
    ...isFirst ? [] : [['wiseFt', written('stages.0.wiseFt')] as [string, string]],
    ...some(anyWhere).map((key): [string, string] => [key, written(`stages.0.${key}`)]),
  ]).slice(0, random.int(6));
  const stage = (isFirst: boolean): string => {
    const train = chance(0.85) ? [...new Set([...isFirst ? ['head'] : [], ...some(patterns)])] : undefined, values = stageValues(isFirst);
    if (chance(0.4) && (train || values.length > 0)) { // { … } on one line, or the list over several
      const pairs = random.shuffled([...values.map(([key, value]) => `${key}: ${value}`), ...train ? [`train: ${flowList(train, '      ')}`] : []]);
      return `  - { ${pairs.join(', ')} }${remark()}`;
    }
    if (!train && values.length === 0) return '  - {}';
    const pairs = random.shuffled([
      ...values.map(([key, value]) => `${key}: ${value}${remark()}`),
      ...train ? [`train:${chance(0.5) ? ` ${flowList(train, '    ')}${remark()}` : blockList(train, pick(['    ', '      ']))}`] : [],
    ]);
    return pairs.map((pair, i) => `${i === 0 ? '  - ' : '    '}${pair}`).join(`\n${ownLine('    ')}`);
  };

  const parts = [
    `thaw: 1${remark()}`,
    pick([`data: { folder: flowers }${remark()}`, `data:${remark()}\n  folder: "my photos"${remark()}\n  split: { train: 80%, validation: 0.1, test: 10% }`,
      `data:\n  manifest: ${pick(['list.csv', '"a list.jsonl"'])}${remark()}\n  columns: ${inMap('data.columns', ['image', 'label', 'split'])}\n  maxPerClass: ${written('data.maxPerClass')}${remark()}\n  subset: ${written('data.subset')}\n  split: ${inMap('data.split', ['seed', 'keepTogether'])}${remark()}`]),
    ...chance(0.9) ? [`stages:${remark()}\n${Array.from({ length: 1 + random.int(3) }, (_, i) => ownLine('  ') + stage(i === 0)).join('\n')}`] : [],
    ...chance(0.5) ? [`batch: ${1 + random.int(64)}${remark()}`] : [],
    ...['scratchBudget', 'budget', 'seed', 'sourceData'].flatMap((key) => chance(0.3) ? [`${key}: ${written(key)}${remark()}`] : []),
    ...chance(0.05) ? [`seeds: ${1 + random.int(3)}${remark()}`] : [],
    ...chance(0.1) ? [`inputSize: ${pick(['auto', '192', '224', '288'])}`] : [],
    ...chance(0.1) ? [`features: ${pick(['last', 'conv_head'])}${remark()}`] : [],
    ...chance(0.05) ? [`variants:${pick([' { patience: [3, 7] }', ` { stages.0.rate: { low: 1e-3, "high: one": 3e-3 } }${remark()}`, `\n  batch: [8, 16]${remark()}\n  stages.0.augment: [none, [crop, flip]]`])}`] : [],
    ...chance(0.5) ? [`controls: ${flowList(some(['blind', 'knn', 'linear-probe', 'random-features', 'scratch']), '')}`] : [],
    ...chance(0.3) ? [`stop: ${inMap('stop', ['patience', 'metric', 'minImprovement'])}${remark()}`] : [],
  ];
  const text = `${ownLine('')}${random.shuffled(parts).join(`\n${chance(0.3) ? '\n' : ''}${ownLine('')}`)}${chance(0.8) ? '\n' : ''}`;
  return chance(0.15) ? text.replaceAll('\n', '\r\n') : text;
}
