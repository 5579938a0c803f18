import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { bytes as byteText } from '../base/units.ts';
import type { CardInput } from '../backbones/card.ts';
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import { decodeImage } from './decode.ts';
import { perceptualHashes } from './perceptualHash.ts';
import { preprocessViews, resizedShortSide } from './preprocess.ts';
import type { FileFacts, View } from './sample.ts';

/** A larger file is not read: no photo, and it would not fit into memory several times over. */
const mostFileBytes = 512 * 1024 * 1024;

export type Views = ReadonlyMap<View, Uint8Array<ArrayBuffer>>;

/** A file in memory, with the name of its content. */
export interface OpenedFile {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

export interface PreparedFile {
  readonly facts: FileFacts;
  readonly views: Views;
}

/** Opens and decodes one file. Diagnostics carry no place: the caller knows by which name the user knows the file. */
export async function prepareFile(path: string, input: CardInput, views: readonly View[]): Promise<Checked<PreparedFile>> {
  const opened = await openFile(path);
  return opened.ok ? decodeFile(opened.value, input, views) : opened;
}

/** Reads and hashes one file: cheap, and enough to know whether its content was met before. */
export async function openFile(path: string): Promise<Checked<OpenedFile>> {
  const file = await readWhole(path);
  if (!file.ok) return file;
  return { ok: true, value: { bytes: file.value, sha256: createHash('sha256').update(file.value).digest('hex') }, warnings: [] };
}

export async function decodeFile({ bytes, sha256 }: OpenedFile, input: CardInput, views: readonly View[]): Promise<Checked<PreparedFile>> {
  const decoded = await decodeImage(bytes, resizedShortSide(input));
  if (!decoded.ok) return decoded;
  const { pixels, ...facts } = decoded.value;
  return { ok: true, value: { facts: { sha256, hashes: perceptualHashes(pixels), ...facts }, views: preprocessViews(pixels, input, views, sha256) }, warnings: [] };
}

async function readWhole(path: string): Promise<Checked<Uint8Array>> {
  try {
    const { size } = await stat(path);
    if (size > mostFileBytes) return problem('too-large', `the file has ${byteText(size)}; the limit is ${byteText(mostFileBytes)}`);
    return { ok: true, value: await readFile(path), warnings: [] };
  } catch (error) {
    return unreadable(error as NodeJS.ErrnoException);
  }
}

function unreadable({ code, message }: NodeJS.ErrnoException): Checked<never> {
  if (code === 'EACCES' || code === 'EPERM') return problem('permission-denied', 'cannot be read: permission denied', 'allow yourself to read it');
  if (code === 'ENOENT') return problem('unreadable-file', 'the file is gone');
  return problem('unreadable-file', `cannot be read: ${message}`);
}

function problem(code: Diagnostic['code'], message: string, fix?: string): Checked<never> {
  return { ok: false, errors: [{ code, severity: 'error', message, ...(fix !== undefined && { fix }) }], warnings: [] };
}
