// @ts-check
import { dirname, relative, resolve } from 'node:path';
import { root } from '../repo.mjs';

/**
 * Who may know whom (the layout's "imports point up the list, never down"): each home and the homes it may import from,
 * besides itself. `types:` in front allows types only. The roots, which wire everything, may know all.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const homes = {
  'src/base': [],
  'src/protocol': ['src/base'],
  'src/backbones': ['src/base', 'src/protocol'],
  'src/experiment': ['src/base', 'src/protocol', 'src/backbones'],
  'src/data': ['src/base', 'src/protocol', 'src/backbones', 'src/experiment'],
  'src/evidence': ['src/base', 'src/protocol', 'src/backbones', 'src/experiment'],
  'src/runs': ['src/base', 'src/protocol', 'src/backbones', 'src/experiment'],
  'src/engine': ['src/base', 'src/protocol', 'src/backbones', 'src/experiment', 'types:src/data'],
  'src/trainer/download': ['src/base', 'src/protocol'],
  'src/trainer/native': ['src/base', 'src/protocol', 'src/trainer/download'],
  'src/trainer/hub': ['src/base', 'src/protocol', 'src/backbones', 'src/runs', 'src/trainer/download'],
  'src/trainer/child': ['src/base', 'src/protocol', 'src/backbones', 'src/experiment', 'src/data', 'src/evidence', 'src/runs', 'src/engine', 'src/trainer/download', 'src/trainer/native', 'src/trainer/hub'],
  'src/trainer/host': ['src/base', 'src/protocol', 'src/runs', 'src/trainer/native'],
  'src/terminal': ['src/base', 'src/protocol'],
  'src/commands': ['src/base', 'src/protocol', 'src/backbones', 'src/experiment', 'src/evidence', 'src/runs', 'src/terminal', 'src/trainer/native', 'src/trainer/hub', 'src/trainer/host', 'src/trainer/child'],
  'src/contributions.ts': ['types:src/protocol'],
  'src/views': ['src/base', 'src/protocol', 'src/backbones', 'src/experiment', 'src/evidence', 'src/runs', 'src/trainer/hub', 'src/trainer/host', 'src/contributions.ts'],
  'media': ['src/base', 'src/protocol'],
};

const roots = ['src/extension.ts', 'src/cli.ts', 'src/trainer/child/main.ts'];

/** Packages, each with the only homes that may import it. @type {readonly (readonly [RegExp, readonly string[]])[]} */
const packages = [
  [/^vscode$/, ['src/views', 'src/contributions.ts', 'src/extension.ts']],
  [/^(@tensorflow\/|onnxruntime-node$)/, ['src/engine']],
  [/^(node:)?(fs|fs\/promises|child_process)$/, ['src/data', 'src/runs', 'src/trainer/', 'src/commands', 'src/cli.ts']],
  [/^@vscode\/webview-ui-toolkit/, ['media/toolkit.ts']],
];

/** @param {string} file relative to the repository */
const homeOf = (file) => Object.keys(homes).find((home) => file === home || file.startsWith(`${home}/`));

/** What is wrong with `importer` importing `source`, or undefined. @param {string} importer @param {string} source @param {boolean} typesOnly */
export function wallBetween(importer, source, typesOnly) {
  if (!source.startsWith('.')) {
    const wall = packages.find(([pattern, allowed]) => pattern.test(source) && !allowed.some((home) => importer.startsWith(home)));
    return wall && `"${source}" may be imported only in ${wall[1].join(', ')}`;
  }
  const from = homeOf(importer);
  if (!from || roots.includes(importer)) return undefined;
  const target = relative(root, resolve(root, dirname(importer), source));
  const to = homeOf(target);
  if (to === from) return undefined;
  const allowed = homes[from] ?? [];
  if (to && (allowed.includes(to) || (typesOnly && allowed.includes(`types:${to}`)))) return undefined;
  return `${from} may not know ${to ?? target}${to && allowed.includes(`types:${to}`) ? ' but by its types ("import type")' : ''}`;
}

/** @type {import('eslint').Rule.RuleModule} */
export const importWalls = {
  meta: { type: 'problem', schema: [], messages: { wall: '{{wall}}' } },
  create(context) {
    const importer = relative(root, context.filename);
    /** @param {any} node */
    const check = (node) => {
      if (typeof node.source?.value !== 'string') return;
      const named = node.specifiers ?? [];
      const typesOnly = node.importKind === 'type' || node.exportKind === 'type'
        || (named.length > 0 && named.every((/** @type {any} */ specifier) => specifier.importKind === 'type'));
      const wall = wallBetween(importer, node.source.value, typesOnly);
      if (wall) context.report({ node, messageId: 'wall', data: { wall } });
    };
    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check, ImportExpression: check };
  },
};
