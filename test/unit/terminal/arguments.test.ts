import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readArguments, usage, type Arguments } from '../../../src/terminal/arguments.ts';

/** Options as a plain object. */
function read(...argv: readonly string[]): Arguments {
  const found = readArguments(argv);
  if (typeof found === 'string') assert.fail(found);
  return { ...found, options: { ...found.options } };
}

test('a command, its operands and options in any order', () => {
  assert.deepEqual(read('run', '--set', 'stages.0.rate=1e-3', 'flowers', '--no-scratch', '--set=seed=2'), {
    command: 'run', operands: ['flowers'], options: { 'set': ['stages.0.rate=1e-3', 'seed=2'], 'no-scratch': true },
  });
});

test('after -- everything is an operand, also names that begin with a dash', () => {
  const { operands, options } = read('predict', 'latest', '--', '-rf.jpg', '--json');
  assert.deepEqual([operands, options.json], [['latest', '-rf.jpg', '--json'], undefined]);
});

test('nothing at all is an empty command', () => {
  assert.deepEqual(read(), { command: '', operands: [], options: {} });
});

test('an option that does not exist gets the nearest one, one without its value is said', () => {
  assert.equal(readArguments(['run', '--no-scrach']), 'Unknown option \'--no-scrach\' (did you mean --no-scratch?)');
  assert.match(readArguments(['run', '--engine']) as string, /--engine/);
  assert.equal(readArguments(['run', '--zzzzzzzz']), 'Unknown option \'--zzzzzzzz\'');
});

test('the usage names every option', () => {
  const named = [...usage.matchAll(/--([a-z-]+)/g)].map(([, name]) => name!);
  for (const name of new Set(named)) read('run', `--${name}`, 'x');
  for (const option of ['json', 'engine', 'set', 'preset', 'no-scratch', 'scratch-budget', 'from', 'home', 'detach']) assert.ok(named.includes(option), option);
});
