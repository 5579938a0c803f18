import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadProblem } from '../../../../src/trainer/native/loadProblems.ts';
import { platformOf } from '../../../../src/trainer/native/objectFile.ts';

test('what loaders say is told as what it means', () => {
  for (const [said, message, fix] of [
    ['/lib/x86_64-linux-gnu/libm.so.6: version `GLIBC_2.35\' not found (required by /c/libtensorflow_cc.so.2)', /^it needs GLIBC 2\.35, newer than this system's$/, /newer system/],
    ['/lib/libstdc++.so.6: version `GLIBCXX_3.4.29\' not found (required by x)', /needs GLIBCXX 3\.4\.29/, /newer system/],
    ['libtensorflow_framework.so.2: cannot open shared object file: No such file or directory', /^libtensorflow_framework\.so\.2 is not there$/, undefined],
    ['dlopen(x.node, 0x1): Library not loaded: @rpath/libtensorflow_cc.2.dylib\n  Referenced from: y', /^@rpath\/libtensorflow_cc\.2\.dylib is not there$/, undefined],
    ['/c/tfjs_binding.node: undefined symbol: TFE_NewOp', /lacks TFE_NewOp: it is of another version/, undefined],
    ['/c/tfjs_binding.node: undefined symbol: napi_object_freeze', /this Node lacks napi_object_freeze/, /Node 20/],
    ['/c/tfjs_binding.node: invalid ELF header', /a file of it is damaged/, undefined],
    ['something new', /^something new$/, undefined],
  ] as const) {
    const problem = loadProblem(said);
    assert.match(problem.message, message);
    if (fix) assert.match(problem.fix!, fix);
    else assert.equal(problem.fix, undefined);
  }
});

test('the platform of a compiled file stands in its header', () => {
  const file = (write: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.alloc(256);
    write(bytes);
    return bytes;
  };
  const elf = (machine: number) => file((bytes) => { bytes.writeUInt32BE(0x7f454c46, 0); bytes.writeUInt16LE(machine, 18); });
  const machO = (processor: number) => file((bytes) => { bytes.writeUInt32LE(0xfeedfacf, 0); bytes.writeUInt32LE(processor, 4); });
  const pe = (machine: number, at = 128) => file((bytes) => { bytes.write('MZ'); bytes.writeUInt32LE(at, 0x3c); if (at < 200) { bytes.write('PE', at); bytes.writeUInt16LE(machine, at + 4); } });
  assert.deepEqual([elf(0x3e), elf(0xb7), elf(3), machO(0x0100000c), machO(0x01000007), pe(0x8664), pe(0xaa64)].map(platformOf),
    ['linux-x64', 'linux-arm64', 'linux-another processor', 'darwin-arm64', 'darwin-x64', 'win32-x64', 'win32-arm64']);
  assert.deepEqual([pe(0x8664, 0xfffffff0), Buffer.from('MZ'), Buffer.alloc(0), Buffer.alloc(256, 'text')].map(platformOf), [undefined, undefined, undefined, undefined]);
});
