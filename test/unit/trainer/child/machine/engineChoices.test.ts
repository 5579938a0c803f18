import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EngineFacts } from '../../../../../src/protocol/runEvent.ts';
import { EngineChoices } from '../../../../../src/trainer/child/machine/engineChoices.ts';
import { temporaryFolder } from '../../../../support/temporary.ts';

const facts = (name: EngineFacts['name']): EngineFacts => ({ name, title: name, device: 'cpu', threads: 2, node: 'v20', why: 'fastest', tried: [] });

test('the choice is kept by what was timed: a head may train elsewhere than blocks', (t) => {
  const cache = join(temporaryFolder(t), 'not', 'there yet'), choices = new EngineChoices(cache, 'Thaw 1, Node 20');
  assert.equal(choices.of('head'), undefined);
  choices.keep('head', facts('wasm'));
  choices.keep('blocks', facts('tensorflow'));
  const later = new EngineChoices(cache, 'Thaw 1, Node 20');
  assert.deepEqual([later.of('head')?.name, later.of('blocks')?.name, later.of('other')], ['wasm', 'tensorflow', undefined]);
  assert.deepEqual([later.has('tensorflow'), later.has('webgpu')], [true, false]);
});

test('what they rest on has changed, or the file is damaged: all are forgotten', (t) => {
  const cache = temporaryFolder(t);
  new EngineChoices(cache, 'Node 20').keep('head', facts('wasm'));
  assert.equal(new EngineChoices(cache, 'Node 24').of('head'), undefined);
  writeFileSync(join(cache, 'engine-choices.json'), '{"rests": "Node 20", "choices": {"head": {"name": "abacus"}}}');
  assert.equal(new EngineChoices(cache, 'Node 20').of('head'), undefined);
  writeFileSync(join(cache, 'engine-choices.json'), '{"rests": "No');
  assert.equal(new EngineChoices(cache, 'Node 20').of('head'), undefined);
});
