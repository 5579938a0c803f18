/** Texts as Linux, NVIDIA's driver and nvidia-smi print them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cudaOf, gpusOf, idleGpu, type GraphicsTexts } from '../../../../../src/trainer/child/machine/graphics.ts';

const nothing: GraphicsTexts = { nvidiaInformation: [], pci: [], devices: ['null', 'tty'], libraries: [] };

const pci = (pciClass: string, id: string): string => `PCI_CLASS=${pciClass}\nPCI_ID=${id}\nPCI_SUBSYS_ID=10DE:16C1\nPCI_SLOT_NAME=0000:04:00.0\nMODALIAS=pci:v0\n`;
const proprietary = 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC version:  gcc version 11.4.0 (Ubuntu 11.4.0-1ubuntu1~22.04)\n';
const open = 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (dvs-builder@U16)  Thu Jan 23 22:50:36 UTC 2025\nGCC version:  gcc version 12.3.0\n';
const information = 'Model: \t\t NVIDIA A100-SXM4-40GB\nIRQ:   \t\t 76\nVideo BIOS: \t 92.00.45.00.03\nBus Type: \t PCIe\nBus Location: \t 0000:07:00.0\nDevice Minor: \t 0\n';
const ldconfig = (...names: string[]): string => `1203 libs found in cache \`/etc/ld.so.cache'\n${names.map((name) => `\t${name} (libc6,x86-64) => /lib/x86_64-linux-gnu/${name}\n`).join('')}`;
const toolkit = ['libcudart.so.12', 'libcublas.so.12', 'libcublasLt.so.12', 'libcufft.so.11', 'libcusolver.so.11', 'libcusparse.so.12', 'libcudnn.so.9'];

/** A machine whose driver works, with `libraries` known to the loader. */
const driven = (...libraries: string[]): GraphicsTexts => ({
  ...nothing, nvidiaVersion: proprietary, nvidiaInformation: [information], devices: ['null', 'nvidia0', 'nvidiactl'], ldconfig: ldconfig(...libraries),
  nvidiaSmi: 'NVIDIA A100-SXM4-40GB, 40960, 535.104.05\n', pci: [pci('30200', '10DE:20B0')],
});

test('a machine without graphics has no GPU, and nothing is said of CUDA', () => {
  const server = { ...nothing, pci: [pci('60000', '8086:1237'), pci('20000', '1AF4:1000'), pci('30000', '1234:1111'), pci('30000', '1A03:2000')] };
  assert.deepEqual(gpusOf(server), []); // the displays of a virtual machine and of a remote console are none
  assert.equal(cudaOf(server), undefined);
});

test('nvidia-smi names GPUs with their memory and driver', () => {
  const two = { ...driven(), nvidiaSmi: 'NVIDIA H100 80GB HBM3, 81559, 550.54.14\nNVIDIA Thor, [N/A], 580.00\n' };
  assert.deepEqual(gpusOf(two), [
    { name: 'NVIDIA H100 80GB HBM3', memoryBytes: 81559 * 2 ** 20, driver: '550.54.14' },
    { name: 'NVIDIA Thor', driver: '580.00' },
  ]);
});

test('without nvidia-smi the driver\'s own files name them, of either kind of module', () => {
  const { nvidiaSmi: _, ...texts } = driven();
  assert.deepEqual(gpusOf(texts), [{ name: 'NVIDIA A100-SXM4-40GB', driver: '535.104.05' }]);
  assert.deepEqual(gpusOf({ ...texts, nvidiaVersion: open }), [{ name: 'NVIDIA A100-SXM4-40GB', driver: '570.86.15' }]);
  const failed = 'NVIDIA-SMI has failed because it couldn\'t communicate with the NVIDIA driver. Make sure, that it runs.\n';
  assert.deepEqual(gpusOf({ ...texts, nvidiaSmi: failed }), [{ name: 'NVIDIA A100-SXM4-40GB', driver: '535.104.05' }]);
});

test('graphics of other makers, and NVIDIA\'s without a driver, are named as the bus does', () => {
  assert.deepEqual(gpusOf({ ...nothing, pci: [pci('30000', '8086:46A6'), pci('38000', '1002:744C'), pci('30200', '10DE:2330')] }).map(({ name }) => name),
    ['Intel graphics (8086:46a6)', 'AMD graphics (1002:744c)', 'NVIDIA graphics (10de:2330)']);
});

const forProcessors = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'], forCuda = [...forProcessors, ...toolkit];

/** [what stands in the way, the machine, words of what is seen, words of the fix]. */
const obstacles: readonly (readonly [string, GraphicsTexts, RegExp, RegExp])[] = [
  ['no driver', { ...nothing, pci: [pci('30200', '10DE:2330')], engine: forCuda, engineCuda: true }, /driver is not loaded/, /install NVIDIA's driver/],
  ['a container without the device', { ...driven('libcuda.so.1'), devices: ['null'], engine: forCuda, engineCuda: true }, /535\.104\.05 is loaded, but .*no device/, /--gpus all/],
  ['a container without the driver\'s libraries', { ...driven(), engine: forCuda, engineCuda: true }, /libcuda\.so\.1 is not found/, /NVIDIA_DRIVER_CAPABILITIES/],
  ['no TensorFlow', driven('libcuda.so.1', ...toolkit), /TensorFlow is not installed/, /thaw engine install --cuda/],
  ['a TensorFlow for processors', { ...driven('libcuda.so.1', ...toolkit), engine: forProcessors }, /knows no GPU/, /thaw engine install --cuda/],
  ['half of CUDA', { ...driven('libcuda.so.1'), engine: forCuda.slice(0, -2), engineCuda: true }, /libcusparse\.so\.12, libcudnn\.so\.9 not found/, /thaw engine install --cuda/],
];
for (const [what, texts, seen, fix] of obstacles) {
  test(`CUDA and ${what}: it says so, and what to do`, () => {
    const found = cudaOf(texts);
    assert.ok(found && !found.usable);
    assert.match(found.seen, seen);
    assert.match(found.fix!, fix);
  });
}

test('a driver, a device, TensorFlow for CUDA and its libraries, wherever they lie, are enough', () => {
  assert.deepEqual(cudaOf({ ...driven('libcuda.so.1', 'libcudnn.so.9'), libraries: toolkit.slice(2), engine: forCuda.slice(0, 4), engineCuda: true }), { usable: true, seen: 'driver 535.104.05, CUDA 12 and cuDNN 9' });
});

test('training on the processor beside an NVIDIA GPU is a warning with its reason; beside none, or on the GPU, it is not', () => {
  const texts = { ...driven('libcuda.so.1'), engine: forProcessors }, cuda = cudaOf(texts)!;
  const machine = { processor: 'a', cores: 2, memoryBytes: 1, freeBytes: 1, gpus: gpusOf(texts), cuda };
  const [warning, ...more] = idleGpu({ device: 'cpu', title: 'TensorFlow 2.21.0', machine });
  assert.deepEqual(more, []);
  assert.equal(warning!.message, 'TensorFlow 2.21.0 trains on the processor while NVIDIA A100-SXM4-40GB is idle: driver 535.104.05, but the TensorFlow that is installed knows no GPU');
  assert.deepEqual([warning!.code, warning!.severity, warning!.fix], ['engine-fallback', 'warning', cuda.fix]);
  assert.deepEqual(idleGpu({ device: 'gpu', title: 'Dawn', machine }), []);
  assert.deepEqual(idleGpu({ device: 'cpu', title: 'WebAssembly', machine: { ...machine, gpus: [] } }), []);
});
