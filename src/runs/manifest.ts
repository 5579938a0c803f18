import { readFileSync } from 'node:fs';
import type { Checked } from '../protocol/diagnostic.ts';
import type { RunManifest } from '../protocol/runManifest.ts';
import type { RunFolder } from './runFolder.ts';
import { atomicWrite } from './atomicWrite.ts';
import { formatJson } from '../protocol/jsonText.ts';
import { parseManifest } from '../protocol/guards.ts';

/** Reads run.json. Missing, damaged or of a newer format: a diagnostic. */
export function readManifest(run: RunFolder): Checked<RunManifest> {
  try {
    return parseManifest(JSON.parse(readFileSync(run.manifest, 'utf8')), run.manifest);
  } catch (error) {
    const message = `run.json cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, errors: [{ code: 'run-unreadable', severity: 'error', message, where: { file: run.manifest } }], warnings: [] };
  }
}

/** Replaces run.json at once. Only the run's trainer does so while it lives; after that, whoever holds the upkeep lock. */
export function writeManifest(run: RunFolder, manifest: RunManifest): void {
  atomicWrite(run.manifest, formatJson(manifest, 2));
}
