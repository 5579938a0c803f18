// @ts-check
import tseslint from 'typescript-eslint';
import { importWalls } from './scripts/lint/importWalls.mjs';

/** Randomness, the clock and the environment come in through base/ and the roots, so that a run can be repeated. */
const hiddenInputs = [
  { object: 'Math', property: 'random', message: 'Use rng(seed, stream) of base/rng.ts.' },
  { object: 'Date', property: 'now', message: 'Use base/clock.ts.' },
  { object: 'process', property: 'env', message: 'Only base/ and the roots read the environment; pass the value in.' },
];

export default tseslint.config(
  { ignores: ['node_modules/', 'out/', 'dist/', '.thaw/', 'samples/', 'test/fixtures/', 'play.ts'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['src/**/*.ts', 'media/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { thaw: { rules: { 'import-walls': importWalls } } },
    rules: {
      'thaw/import-walls': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true, namespaceFrom: true } }],
      'no-restricted-properties': ['error', ...hiddenInputs],
      'eqeqeq': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' }],
      // Indices that a shape guarantees are written `x[i]!`; a runtime check there would be code that cannot run.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Most of our objects are closures and plain literals behind an interface: they have no `this` to lose and no class to be.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // An interface may ask for a promise of what one implementation knows at once.
      '@typescript-eslint/require-await': 'off',
      // `() => list.push(x)` as a callback is the plain way to say it.
      '@typescript-eslint/no-confusing-void-expression': 'off',
    },
  },
  {
    files: ['src/base/**', 'src/extension.ts', 'src/cli.ts', 'src/trainer/child/main.ts', 'test/**', 'bench/**'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'thaw/import-walls': 'off',
      // node:test's `test()` returns a promise that the runner itself awaits.
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] }] }],
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    extends: [tseslint.configs.recommended],
  },
);
