/**
 * Importing this points Vulkan at SwiftShader, the software GPU that comes with Chromium, so that WebGPU can be tested on
 * any machine with a Chromium and a Vulkan loader (scripts/chromium.mjs installs both). A driver that is set stays.
 */
import { existsSync } from 'node:fs';
import { presetEnvironment } from '../../src/base/environment.ts';
import { webgpu } from '../../src/engine/rungs/webgpu.ts';
import { engineResources } from './engines.ts';

const driver = ['/usr/lib/chromium', '/opt/google/chrome'].map((folder) => `${folder}/vk_swiftshader_icd.json`).find((file) => existsSync(file));
if (driver !== undefined) presetEnvironment('VK_ICD_FILENAMES', driver);

const started = await webgpu.start({ ...engineResources, asked: true });
if (started.ok) started.value.dispose();

/** Why tests on WebGPU are skipped, or false. */
export const noWebGpu: string | false = started.ok ? false : started.errors.map(({ message }) => message).join('; ');
