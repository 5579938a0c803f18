import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findNode, type NodeSearch } from '../../../../src/trainer/host/findNode.ts';

/** A machine on which these commands answer with these versions. */
const machine = (versions: Readonly<Record<string, string>>) => (command: string) => Promise.resolve(versions[command]);

test('the plainest Node that is new enough trains, and the run can say which and why', async () => {
  const plain: NodeSearch = { own: '/opt/server/node', ownIsElectron: false };
  const electron: NodeSearch = { own: '/opt/code/code', ownIsElectron: true };
  const all = { '/opt/server/node': 'v22.1.0', '/opt/code/code': 'v20.9.0', '/home/me/node': 'v24.0.0', node: 'v20.20.0', '/old/node': 'v18.19.0' };
  const cases: readonly [NodeSearch, Readonly<Record<string, string>>, string, RegExp][] = [
    [{ ...electron, configured: '/home/me/node' }, all, '/home/me/node', /configured/],
    [plain, all, '/opt/server/node', /Thaw itself/],
    [electron, all, 'node', /PATH/],
    [electron, { ...all, node: 'v18.0.0' }, '/opt/code/code', /editor's own/],
    [plain, { node: 'v20.0.0' }, 'node', /PATH/],
  ];
  for (const [search, versions, command, why] of cases) {
    const found = await findNode(search, machine(versions));
    assert.ok(found.ok);
    assert.equal(found.value.command, command);
    assert.match(found.value.why, why);
    assert.deepEqual(found.value.environment, command === '/opt/code/code' ? { ELECTRON_RUN_AS_NODE: '1' } : {});
  }
});

test('a configured Node that will not do is said, not passed over', async () => {
  for (const [configured, seen] of [['/none/node', /\/none\/node, as configured, does not run/], ['/old/node', /is Node v18\.19\.0/]] as const) {
    const found = await findNode({ own: 'node', ownIsElectron: false, configured }, machine({ node: 'v20.0.0', '/old/node': 'v18.19.0' }));
    assert.ok(!found.ok);
    assert.equal(found.errors[0]?.code, 'node-missing');
    assert.match(found.errors[0].message, seen);
  }
  assert.equal((await findNode({ own: 'a', ownIsElectron: true }, machine({}))).ok, false);
});

test('a real Node answers', async () => {
  const found = await findNode({ own: process.execPath, ownIsElectron: false });
  assert.ok(found.ok);
  assert.equal(found.value.version, process.version);
});
