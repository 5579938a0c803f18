import type { CudaFacts, EngineFacts, GpuFacts } from '../../../protocol/runEvent.ts';
import type { Diagnostic } from '../../../protocol/diagnostic.ts';

/** What the system says of graphics processors, in its own words; what it does not have is left out. */
export interface GraphicsTexts {
  /** /proc/driver/nvidia/version */
  readonly nvidiaVersion?: string;
  /** /proc/driver/nvidia/gpus/<bus>/information */
  readonly nvidiaInformation: readonly string[];
  /** nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader,nounits */
  readonly nvidiaSmi?: string;
  /** /sys/bus/pci/devices/<bus>/uevent */
  readonly pci: readonly string[];
  /** Names in /dev. */
  readonly devices: readonly string[];
  /** ldconfig -p */
  readonly ldconfig?: string;
  /** Names in the folders that the loader looks into before. */
  readonly libraries: readonly string[];
  /** Names of the files of the installed TensorFlow; left out where there is none. One with CUDA brings its libraries along. */
  readonly engine?: readonly string[];
  /** Whether that one is built for CUDA. */
  readonly engineCuda?: boolean;
}

/** NVIDIA's as their driver names them; others, and NVIDIA's without a driver, as the bus does. */
export function gpusOf(texts: GraphicsTexts): readonly GpuFacts[] {
  const nvidia = smiRows(texts.nvidiaSmi) ?? informed(texts);
  const onBus = texts.pci.flatMap((uevent) => displayOn(uevent) ?? []);
  return [...nvidia, ...onBus.filter(({ vendor }) => vendor !== 'NVIDIA' || nvidia.length === 0).map(({ vendor, id }) => ({ name: `${vendor} graphics (${id})` }))];
}

/** "NVIDIA H100 80GB HBM3, 81559, 550.54.14" → one a line; undefined where it printed an error instead. */
function smiRows(text = ''): readonly GpuFacts[] | undefined {
  const rows = text.split('\n').map((line) => line.split(',').map((cell) => cell.trim())).filter((cells) => cells.length === 3 && /^\d/.test(cells[2]!));
  return rows.length === 0 ? undefined : rows.map(([name, mebibytes, driver]) =>
    ({ name: name!, driver: driver!, ...(/^\d+$/.test(mebibytes!) && { memoryBytes: Number(mebibytes) * 2 ** 20 }) }));
}

function informed({ nvidiaInformation, nvidiaVersion }: GraphicsTexts): readonly GpuFacts[] {
  const driver = driverOf(nvidiaVersion);
  return nvidiaInformation.flatMap((text) => {
    const name = /^Model:\s*(.+?)\s*$/m.exec(text)?.[1];
    return name === undefined ? [] : [{ name: name.startsWith('NVIDIA') ? name : `NVIDIA ${name}`, ...(driver !== undefined && { driver }) }];
  });
}

/** "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.14  Release Build": the number. */
const driverOf = (text = ''): string | undefined => /Kernel Module(?: for \S+)?\s+(\d+(?:\.\d+)+)/.exec(text)?.[1];

const vendors: Readonly<Record<string, string>> = { '10DE': 'NVIDIA', '1002': 'AMD', '8086': 'Intel' };

/** Class 03xxxx is a display controller. The ones of virtual machines and of remote consoles have other vendors. */
function displayOn(uevent: string): { readonly vendor: string; readonly id: string } | undefined {
  const kind = /^PCI_CLASS=0?3[0-9A-F]{4}$/mi.test(uevent), id = /^PCI_ID=([0-9A-F]{4}):([0-9A-F]{4})$/mi.exec(uevent);
  const vendor = id && vendors[id[1]!.toUpperCase()];
  return kind && vendor ? { vendor, id: `${id[1]!}:${id[2]!}`.toLowerCase() } : undefined;
}

/** What TensorFlow built for CUDA 12 loads by name as it looks for devices. */
const cudaLibraries = [
  'libcudart.so.12', 'libcublas.so.12', 'libcublasLt.so.12', 'libcufft.so.11', 'libcusolver.so.11', 'libcusparse.so.12', 'libcudnn.so.9',
];

/**
 * Whether TensorFlow can compute on the NVIDIA GPU of this machine, or the first thing that stands in the way and what to
 * do about it. Undefined where there is no such GPU.
 */
export function cudaOf(texts: GraphicsTexts): CudaFacts | undefined {
  const driver = driverOf(texts.nvidiaVersion) ?? smiRows(texts.nvidiaSmi)?.[0]?.driver;
  const onBus = texts.pci.some((uevent) => displayOn(uevent)?.vendor === 'NVIDIA'), device = texts.devices.some((name) => /^nvidia\d+$/.test(name));
  if (driver === undefined && !onBus && !device && texts.nvidiaInformation.length === 0) return undefined;
  const no = (seen: string, fix: string): CudaFacts => ({ usable: false, seen, fix });
  if (driver === undefined && !device) return no('its driver is not loaded', 'install NVIDIA\'s driver');
  const seen = `driver ${driver ?? '(unknown version)'}`;
  if (!device) return no(`${seen} is loaded, but this process sees no device (/dev/nvidia0)`, 'in a container: start it with access to the GPU (docker run --gpus all)');
  const known = [...libraryNames(texts.ldconfig), ...texts.libraries, ...texts.engine ?? []], lacks = (name: string): boolean => !known.includes(name);
  if (lacks('libcuda.so.1')) return no(`${seen}, but libcuda.so.1 is not found`, 'install the driver\'s libraries (in a container: NVIDIA_DRIVER_CAPABILITIES=compute,utility)');
  if (!texts.engine) return no(`${seen}, but TensorFlow is not installed`, 'run `thaw engine install --cuda`');
  if (!texts.engineCuda) return no(`${seen}, but the TensorFlow that is installed knows no GPU`, 'install the one with CUDA: `thaw engine install --cuda`');
  const missing = cudaLibraries.filter(lacks);
  return missing.length > 0 ? no(`${seen}, but CUDA is incomplete: ${missing.join(', ')} not found`, 'install them with `thaw engine install --cuda`') : { usable: true, seen: `${seen}, CUDA 12 and cuDNN 9` };
}

/** The first column of `ldconfig -p`. */
const libraryNames = (text = ''): string[] => [...text.matchAll(/^\s+(\S+) \(/gm)].map(([, name]) => name!);

/** What is said in a run that trains on the processor though an NVIDIA GPU is there. */
export function idleGpu({ device, title, machine }: Pick<EngineFacts, 'device' | 'title' | 'machine'>): readonly Diagnostic[] {
  const gpu = machine?.gpus.find(({ name }) => name.startsWith('NVIDIA')), cuda = machine?.cuda;
  if (device === 'gpu' || !gpu) return [];
  const why = cuda ? `: ${cuda.usable ? `${cuda.seen} are there, but TensorFlow lists no GPU` : cuda.seen}` : '';
  return [{
    code: 'engine-fallback', severity: 'warning', message: `${title} trains on the processor while ${gpu.name} is idle${why}`,
    fix: cuda?.fix ?? 'run `thaw doctor`; --engine wasm or tensorflow says that the processor is meant',
  }];
}
