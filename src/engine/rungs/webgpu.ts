/**
 * tfjs's WebGPU kernels over Dawn, Chromium's implementation, in plain Node. The device is made here rather than by tfjs's
 * own factory, which hears of no error: a device that is lost or out of memory would go on with zeros for results. Its
 * errors come at any time; they are kept, and thrown where the trainer next waits for the device.
 * Free buffers are pooled by exact size, so shapes should stay the same from step to step.
 */
/// <reference types="@webgpu/types" />
import * as tf from '@tensorflow/tfjs-core';
import '../gradients.ts';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { Refused, type Checked, type Diagnostic } from '../../protocol/diagnostic.ts';
import { portable } from '../kernels.ts';
import type { Rung } from './rung.ts';

const backendName = 'webgpu';

/** Kept to the end of the process: the binding goes on asking Dawn for events after the last of its objects was collected. */
let keptGpu: GPU | undefined;

export const webgpu: Rung = {
  name: 'webgpu',
  async start({ loadWebGpu, asked = false }) {
    const loaded = await loadWebGpu();
    if (!loaded.ok) return loaded;
    const gpu = keptGpu ??= loaded.value.create([]), adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) return refused('WebGPU finds no GPU here', 'on Linux it needs a Vulkan driver (mesa-vulkan-drivers, or the one of NVIDIA)');
    const name = adapterName(adapter.info), software = isSoftware(adapter.info);
    if (software && !asked) return refused(`WebGPU has only a processor to run on here (${name})`, 'on a GPU: install its Vulkan driver');
    const device = await adapter.requestDevice({ requiredLimits: limitsOf(adapter) });
    const health = new DeviceHealth(device);
    Object.assign(globalThis, Object.fromEntries(Object.entries(loaded.value.globals).filter(([key]) => key.startsWith('GPU'))));
    if (backendName in tf.engine().registryFactory) tf.removeBackend(backendName);
    tf.registerBackend(backendName, () => withNavigator(gpu, () => new WatchedBackend(device, adapter.info, health)));
    await tf.setBackend(backendName);
    return {
      ok: true,
      warnings: software ? [{ code: 'engine-fallback', severity: 'warning', message: `WebGPU computes on the processor here (${name}): right, but slower than the built-in engine` }] : [],
      value: {
        title: `WebGPU on ${name} (tfjs ${tf.version_core})`, device: software ? 'cpu' : 'gpu', threads: 1, kernels: portable,
        dispose() {
          health.end();
          tf.removeBackend(backendName);
          device.destroy();
        },
      },
    };
  },
};

/** Fails where the trainer waits, if anything failed before. */
class WatchedBackend extends WebGPUBackend {
  readonly #health: DeviceHealth;

  constructor(device: GPUDevice, info: GPUAdapterInfo, health: DeviceHealth) {
    super(device, info);
    this.#health = health;
  }

  override async read(dataId: object): ReturnType<WebGPUBackend['read']> {
    const values = await Promise.race([super.read(dataId), this.#health.failed]);
    this.#health.check();
    return values;
  }
}

/** The first thing that went wrong on a device. */
class DeviceHealth {
  /** Rejects once the device is lost: what waits for it would wait for ever. */
  readonly failed: Promise<never>;
  #problem: Refused | undefined;
  #ended = false;

  constructor(device: GPUDevice) {
    device.addEventListener('uncapturederror', ({ error }) => {
      this.#problem ??= new Refused([problemOf(error.constructor.name, error.message)]);
    });
    this.failed = device.lost.then(({ reason, message }) => {
      if (this.#ended) return new Promise<never>(() => undefined); // destroyed by us
      this.#problem ??= new Refused([problemOf('lost', message || reason)]);
      throw this.#problem;
    });
    this.failed.catch(() => undefined); // told to whoever reads; nobody need be reading when it happens
  }

  check(): void {
    if (this.#problem) throw this.#problem;
  }

  end(): void {
    this.#ended = true;
  }
}

/** `kind`: the class of a WebGPU error, or `lost`. */
export function problemOf(kind: string, message: string): Diagnostic {
  const said = message.split('\n')[0]!.trim().slice(0, 300);
  if (kind === 'GPUOutOfMemoryError' || /out of memory|OUT_OF_(HOST|DEVICE)_MEMORY/i.test(message)) {
    return { code: 'out-of-memory', severity: 'error', message: `the GPU's memory ran out: ${said}`, fix: 'lower `batch` or train fewer layers' };
  }
  return kind === 'lost'
    ? { code: 'engine-failed', severity: 'error', message: `the GPU was lost: ${said}`, fix: 'the last checkpoint is kept; run it again, or use --engine wasm' }
    : { code: 'engine-failed', severity: 'error', message: `the GPU refused to compute: ${said}`, fix: 'use --engine wasm, and please report it' };
}

/** SwiftShader, Mesa's llvmpipe, Windows' WARP: right, and slower than WebAssembly. */
export const isSoftware = (info: Partial<GPUAdapterInfo>): boolean =>
  info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${info.architecture} ${info.device} ${info.description}`);

const adapterName = ({ vendor, architecture, description }: GPUAdapterInfo): string =>
  description || [vendor, architecture].filter(Boolean).join(' ') || 'an unnamed GPU';

/** Those of the adapter, where tfjs's kernels can use more than the least that WebGPU promises. */
function limitsOf({ limits }: GPUAdapter): Record<string, number> {
  const names = [
    'maxBufferSize', 'maxStorageBufferBindingSize', 'maxStorageBuffersPerShaderStage', 'maxComputeWorkgroupStorageSize',
    'maxComputeWorkgroupsPerDimension', 'maxComputeWorkgroupSizeX', 'maxComputeInvocationsPerWorkgroup',
  ] as const;
  return Object.fromEntries(names.map((name) => [name, limits[name]]));
}

/** The backend asks `navigator.gpu` whether there is WebGPU at all, once, as it is made. */
function withNavigator<T>(gpu: GPU, make: () => T): T {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  try {
    return make();
  } finally {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else Reflect.deleteProperty(globalThis, 'navigator');
  }
}

const refused = (message: string, fix: string): Checked<never> => ({ ok: false, errors: [{ code: 'engine-missing', severity: 'error', message, fix }], warnings: [] });
