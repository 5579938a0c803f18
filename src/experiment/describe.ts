import { cardNames } from '../backbones/cards.ts';
import { detailOf } from './format.ts';
import { lintRules } from './lint.ts';
import { alternatives, experimentField, requiredKeys, wordsOf } from './schema.ts';
import type { Field, MapField } from './schema.ts';

/** JSON Schema (2020-12) of the experiment file, for editors without Thaw: schema/thaw.schema.json. Patterns and sums are checked by Thaw only. */
export const generateJsonSchema = (): object => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Thaw experiment',
  ...jsonSchemaOf(experimentField, ''),
});

function jsonSchemaOf(field: Field, path: string): object {
  const below = (key: string): string => path === '' ? key : `${path}.${key}`;
  const described = { description: field.describe };
  switch (field.kind) {
    case 'number': {
      const type = { type: field.integer ? 'integer' : 'number', minimum: field.min, maximum: field.max };
      return { ...(field.words ? { anyOf: [type, { enum: Object.keys(field.words) }] } : type), default: field.default, ...described };
    }
    case 'share': return { oneOf: [{ type: 'number', minimum: field.min, maximum: field.max }, { type: 'string', pattern: '^\\d+(\\.\\d+)? ?%$' }, ...field.words ? [{ enum: Object.keys(field.words) }] : []], default: field.default, ...described };
    case 'choice': return { enum: Object.keys(field.options), default: field.default, ...described };
    case 'text': return field.names === 'backbone' ? { anyOf: [{ enum: cardNames }, { type: 'string', pattern: '^(hf:[^/@]+/[^/@]+(@.+)?|\\.{0,2}/.*)$' }], default: field.default, ...described }
      : { type: 'string', minLength: 1, ...(field.default !== undefined && { default: field.default }), ...described };
    case 'duration': return { type: 'string', pattern: `^(${Object.keys(field.words).join('|')}|\\d+(\\.\\d+)? ?(s|min|h${field.multiples ? '|[x×] ?run' : ''}))$`, default: field.default, ...described };
    case 'list': {
      const type = { type: 'array', items: jsonSchemaOf(field.of, below('*')), uniqueItems: field.unique };
      return { ...(field.words ? { anyOf: [{ enum: Object.keys(field.words) }, type] } : type), default: field.default, ...described };
    }
    case 'map': {
      const required = Object.keys(requiredKeys[path] ?? {});
      const properties = Object.fromEntries(Object.entries(field.keys).map(([key, child]) => [key, jsonSchemaOf(child, below(key))]));
      return { type: 'object', properties, additionalProperties: false, ...(required.length > 0 && { required }), ...(alternatives[path] && { oneOf: alternatives[path].map((key) => ({ required: [key] })) }), ...described };
    }
    case 'variants': return { type: 'object', additionalProperties: { type: ['array', 'object'], minItems: 1, minProperties: 1 }, default: field.default, ...described };
  }
}

/** docs/experiment-file.md. */
export function generateExperimentDocs(): string {
  const tables: string[] = [];
  const table = (title: string, field: MapField, path: string, intro: string): void => {
    const rows = Object.entries(field.keys).map(([key, child]) => `| \`${key}\` | ${cell(child)} | ${defaultCell(child, Object.hasOwn(requiredKeys[path] ?? {}, key), alternatives[path]?.includes(key))} | ${child.describe} |`);
    tables.push(`## ${title}\n\n${intro}\n\n| key | what may stand there | default | what it does |\n|---|---|---|---|\n${rows.join('\n')}\n`);
    for (const [key, child] of Object.entries(field.keys)) {
      const inner = child.kind === 'map' ? child : child.kind === 'list' && child.of.kind === 'map' ? child.of : undefined;
      const at = path === '' ? key : `${path}.${key}`;
      if (inner) table(child.kind === 'list' ? `Each of \`${at}\`` : `\`${at}\``, inner, at, child.describe);
    }
  };
  table('The file', experimentField, '', 'All keys but `thaw` and `data.folder` (or `data.manifest`) may be left out.');
  return `${intro}\n${tables.join('\n')}${choices()}\n${remarks()}\n${outro}`;
}

const intro = `# The experiment file

<!-- Generated from src/experiment/schema.ts by generateExperimentDocs(); edit there. -->

An experiment is a text file, \`<name>.thaw.yaml\`: which photos, which pretrained network, what trains and what is frozen,
for how long, against which controls. It is the truth: the layer tree, the commands and the charts are views of it.

\`\`\`yaml
thaw: 1
data: { folder: flowers }
stages:
  - { name: probe, train: [head], epochs: 10, rate: 1e-3 }
  - { name: thaw, train: [head, blocks.5, blocks.6], epochs: 10, rate: 3e-4, layerDecay: 0.75 }
\`\`\`
`;

const outro = `## How it is read

- **All problems at once**, each at its word, with what was probably meant. An unknown key, a pattern that matches nothing,
  and a key that stands twice are errors: nothing is ignored in silence.
- **Patterns** in \`train\` name a block, layer or parameter and cover all below it; \`*\` stands for one part of a name
  (\`blocks.*.0\`), \`all\` for everything. Run *Layers* in the sidebar, or complete in the editor, to see the names.
- The head must train in the first stage: it is new.
- **Shares** are written \`70%\` or \`0.7\`; times \`90 s\`, \`5 min\`, \`1 h\`.
- **A manifest** is a CSV file (commas, semicolons or tabs) whose first line names its columns, or JSON Lines. A row that
  cannot be used is said with its line and left out; the rest is trained on.
- **Variants and seeds** make a run of each combination, one after another, each with a resolved plan of its own:
  \`variants: { rate: [1e-3, 3e-3] }\` with \`seeds: 3\` are six. They stand together in *Runs*.
- YAML's anchors, aliases and tags are not accepted. A file has at most 64 KiB.
- Each run keeps \`plan.resolved.yaml\`: every value, with a comment that says where it came from (\`default\`, \`file\`,
  \`preset\`, \`variant\`, \`command line\`, \`tree\`). It is an experiment file itself, and running it repeats the run. \`thaw plan\` prints it
  without running; *Compare Plans* and \`thaw compare\` show what two runs have not in common.
- A tick in the layer tree changes only the \`train\` list of its stage, keeps comments and layout, and can be undone.
`;

const cell = (field: Field): string => detailOf(field).split('; default ')[0]!.replaceAll('|', '\\|');

function defaultCell(field: Field, required: boolean, isAlternative = false): string {
  if (isAlternative) return 'one of these must be written';
  if (required) return 'must be written';
  if (field.kind === 'map') return 'see below';
  if (field.kind === 'variants') return '`{}`';
  if (field.kind === 'list' && field.of.kind === 'map') return 'one, with its defaults';
  return `\`${detailOf(field).split('; default ')[1] ?? ''}\``;
}

/** What experiment/lint.ts says. */
function remarks(): string {
  const rows = Object.entries(lintRules).map(([code, { severity, describe }]) => `| \`${code}\` | ${severity} | ${describe} |`);
  return `## What is remarked on\n\nA sound file can still say what is probably not meant. The editor underlines it, mostly with a quick fix, and \`thaw check\`\nsays it; nothing is refused for it.\n\n| code | severity | when it speaks, and why it matters |\n|---|---|---|\n${rows.join('\n')}\n`;
}

/** What each option of each choice means. */
function choices(): string {
  const lines: string[] = [];
  const walk = (field: Field, key: string): void => {
    if (field.kind === 'map') for (const [name, child] of Object.entries(field.keys)) walk(child, name);
    if (field.kind === 'list') walk(field.of, key);
    for (const [option, meaning] of Object.entries(wordsOf(field))) lines.push(`| \`${key}\` | \`${option}\` | ${meaning} |`);
  };
  walk(experimentField, '');
  return `\n## What the choices mean\n\n| key | value | meaning |\n|---|---|---|\n${lines.join('\n')}\n`;
}

