import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hubText, parseBackboneName, type BackboneName } from '../../../src/backbones/backboneName.ts';

const hub = (repo: string, revision = 'main'): BackboneName => ({ kind: 'hub', repo, revision });

const names: readonly (readonly [written: string, meant: BackboneName])[] = [
  ['efficientnet_lite0', { kind: 'bundled', name: 'efficientnet_lite0' }],
  ['hf:timm/resnet50.a1_in1k', hub('timm/resnet50.a1_in1k')],
  ['hf:timm/resnet50.a1_in1k@v2', hub('timm/resnet50.a1_in1k', 'v2')],
  ['hf:o/n@refs/pr/1', hub('o/n', 'refs/pr/1')],
  ['./my-backbone', { kind: 'folder', folder: './my-backbone' }],
  ['../x', { kind: 'folder', folder: '../x' }],
  ['/models/x', { kind: 'folder', folder: '/models/x' }],
  ['C:\\models\\x', { kind: 'folder', folder: 'C:\\models\\x' }],
];
for (const [written, meant] of names) {
  test(`${written} is read as a ${meant.kind}`, () => {
    const name = parseBackboneName(written);
    assert.deepEqual(name, { ok: true, value: meant, warnings: [] });
    if (meant.kind === 'hub') assert.equal(hubText(meant), written);
  });
}

test('what cannot be a repository is refused, whatever it would do to a path', () => {
  const wrong = ['hf:', 'hf:resnet50', 'hf:a/b/c', 'hf:../b', 'hf:a/..', 'hf:a/b@', 'hf:a/b@../c', 'hf:a/b@c@d', 'hf:a/-b', 'hf:a/b--c', 'hf:a/b c', 'HF:a/b', `hf:a/${'b'.repeat(97)}`, `hf:${'a/'.repeat(100_000)}`, 'hf:a\\b/c', 'hf:a/b%2f'];
  for (const written of wrong) {
    const name = parseBackboneName(written);
    assert.ok(!name.ok, written);
    assert.equal(name.errors[0]!.code, 'unknown-backbone');
    assert.ok(name.errors[0]!.message.length < 200);
  }
});
