import type { Rng } from '../../src/base/rng.ts';

/**
 * A random sound experiment file as people write them: keys missing or in any order, flow and block style mixed, quotes
 * here and there, comments in every place that YAML has for them, Windows line ends. Each comment is unique.
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

  const stageValues = (): [key: string, value: string][] => random.shuffled<[string, string]>([
    ['name', pick(['probe', 'thaw', '"a: b"', 'top blocks'])],
    ['epochs', String(1 + random.int(50))],
    ['rate', pick(['1e-3', '0.0003', '3e-4'])],
    ['warmup', pick(['10%', '0.2', '5 %'])],
    ['layerDecay', pick(['0.75', '1'])],
    ['batchNorm', pick(['stored', 'batch'])],
  ]).slice(0, random.int(5));
  const stage = (isFirst: boolean): string => {
    const train = chance(0.85) ? [...new Set([...isFirst ? ['head'] : [], ...some(patterns)])] : undefined, values = stageValues();
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
    pick([`data: { folder: flowers }${remark()}`, `data:${remark()}\n  folder: "my photos"${remark()}\n  split: { train: 80%, validation: 0.1, test: 10% }`]),
    ...chance(0.9) ? [`stages:${remark()}\n${Array.from({ length: 1 + random.int(3) }, (_, i) => ownLine('  ') + stage(i === 0)).join('\n')}`] : [],
    ...chance(0.5) ? [`batch: ${1 + random.int(64)}${remark()}`] : [],
    ...chance(0.5) ? [`scratchBudget: ${pick(['auto', 'off', '5 min', '90 s'])}`] : [],
    ...chance(0.5) ? [`controls: ${flowList(some(['blind', 'knn', 'linear-probe', 'random-features', 'scratch']), '')}`] : [],
    ...chance(0.3) ? [`stop: { patience: ${1 + random.int(9)} }`] : [],
  ];
  const text = `${ownLine('')}${random.shuffled(parts).join(`\n${chance(0.3) ? '\n' : ''}${ownLine('')}`)}${chance(0.8) ? '\n' : ''}`;
  return chance(0.15) ? text.replaceAll('\n', '\r\n') : text;
}
