import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Calibration, Transfer } from '../protocol/insight.ts';
import type { RunFolder } from './runFolder.ts';
import { atomicWrite } from './atomicWrite.ts';
import { formatJson } from '../protocol/jsonText.ts';
import { parseTransfer } from '../protocol/guards.ts';
import { unless } from './systemError.ts';

/** What a run found out about its network, one file each in evidence/, for other tools and for views that do not read journals. */
export interface EvidenceFiles {
  readonly calibration: Calibration;
  readonly transfer: Transfer;
}

export function writeEvidence<K extends keyof EvidenceFiles>(run: RunFolder, name: K, found: EvidenceFiles[K]): void {
  mkdirSync(run.evidence, { recursive: true });
  atomicWrite(fileOf(run, name), `${formatJson({ format: 1, ...found }, 1)}\n`);
}

/** Undefined where there is none, or it cannot be read: the journal has it too. */
export function readTransfer(run: RunFolder): Transfer | undefined {
  const text = unless(['ENOENT'], () => readFileSync(fileOf(run, 'transfer'), 'utf8'));
  try {
    const read = text === undefined ? undefined : parseTransfer(JSON.parse(text));
    return read?.ok ? read.value : undefined;
  } catch {
    return undefined;
  }
}

const fileOf = ({ evidence }: RunFolder, name: keyof EvidenceFiles): string => join(evidence, `${name}.json`);
