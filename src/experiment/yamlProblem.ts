import type { YAMLError } from 'yaml';

/** What is wrong with the syntax, and what to do: for people who write experiments, not parsers. */
export interface YamlProblem {
  readonly message: string;
  readonly fix?: string;
}

/** In the order in which they are tried: what the library says, and what is said here. */
const sayings: readonly (readonly [code: YAMLError['code'], said: RegExp, message: string, fix: string])[] = [
  ['TAB_AS_INDENT', /./, 'a tab indents this line', 'YAML is indented by spaces'],
  ['MISSING_CHAR', /without - indicator/, 'this line is indented like no other of its list', 'indent it like the lines that it belongs to, or begin it with "- "'],
  ['MISSING_CHAR', /closing (.)quote/, 'a text in quotes does not end', 'close it with $1'],
  ['MISSING_CHAR', /need to be followed by map values/, 'a key without a value', 'write `key: value`, with a space behind the colon'],
  ['BAD_INDENT', /sequence.* end with a ]/, 'a list does not end', 'close it with ], before the next key'],
  ['BAD_INDENT', /map.* end with a }/, 'a map does not end', 'close it with }, before the next key'],
  ['BLOCK_AS_IMPLICIT_KEY', /./, 'a key stands within the value of another', 'indent it like its neighbours; a text that has ": " in it goes in quotes'],
  ['MULTILINE_IMPLICIT_KEY', /./, 'a line that is no key with a value', 'write `key: value`, with a space behind the colon'],
  ['BAD_SCALAR_START', /character (.)/, 'a value cannot begin with $1', 'write it in quotes'],
  ['MULTIPLE_DOCS', /./, 'a second document begins here', 'an experiment is one: take out the line `---`'],
  ['UNEXPECTED_TOKEN', /"([\]}])"/, '$1 without its beginning', 'take it out'],
  ['UNEXPECTED_TOKEN', /at node end/, 'something stands behind a value that has ended', 'put it on a line of its own, or all of it in quotes'],
];

export function yamlProblem({ code, message }: Pick<YAMLError, 'code' | 'message'>): YamlProblem {
  for (const [of, said, words, fix] of sayings) {
    const found = of === code ? said.exec(message) : null;
    if (found) return { message: words.replace('$1', found[1] ?? ''), fix: fix.replace('$1', found[1] ?? '') };
  }
  return { message };
}

/** Without what the library says because of what it has said before. */
export const firstOfEach = <E extends Pick<YAMLError, 'code' | 'message' | 'pos'>>(errors: readonly E[]): readonly E[] =>
  errors.filter(({ code, message, pos }, i) => i === 0 || !(code === 'UNEXPECTED_TOKEN' && / in YAML stream/.test(message)) && pos[0] !== errors[i - 1]!.pos[0]);
