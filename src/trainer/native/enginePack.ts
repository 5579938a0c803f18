/**
 * An engine pack: one zip with the libraries of an engine at the paths that they have in their packages, our binding to
 * them, licences, and this manifest (docs/formats.md). The libraries must still be the pinned ones: a pack saves looking
 * for packages, it is not a way around their hashes.
 */
import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Refused } from '../../protocol/diagnostic.ts';
import { fields, matching, parsed, text, whole } from '../../protocol/shape.ts';
import { failed } from './installProblems.ts';
import type { Member } from './pins.ts';
import type { Opened } from './source.ts';
import { BadArchive, openMember, type ZipMember } from './zip.ts';

export const packFormat = 1;
export const manifestPath = 'thaw-engine.json';

export interface PackManifest {
  readonly format: number;
  /** "linux-x64". */
  readonly platform: string;
  readonly tensorflow: string;
  /** Version of Node-API that the binding was compiled for. */
  readonly nodeApi: number;
  readonly binding: Pick<Member, 'path' | 'sizeBytes' | 'sha256'>;
}

const guard = fields<PackManifest>({
  format: whole, platform: text, tensorflow: text, nodeApi: whole,
  binding: fields<PackManifest['binding']>({ path: matching(/^[\w./-]+\.node$/), sizeBytes: whole, sha256: matching(/^[0-9a-f]{64}$/) }),
});

const mostManifestBytes = 1 << 20;

/** The manifest when the archive is a pack; throws Refused when it is one that cannot be used on `platform`. */
export async function packManifest({ archive, directory }: Opened, platform: string): Promise<PackManifest | undefined> {
  const member = directory.get(manifestPath);
  if (!member) return undefined;
  const refuse = (what: string, fix: string): Refused => new Refused([failed(`${archive.name}: ${what}`, fix)]);
  const read = parsed(guard, member.sizeBytes <= mostManifestBytes ? await jsonOf(archive, member) : undefined);
  if (!read.ok) throw refuse(`its manifest is not understood: ${read.note}`, 'fetch it again');
  const { format, platform: made, binding } = read.value;
  if (format > packFormat) throw refuse(`it is of format ${format}, newer than this Thaw`, 'update Thaw');
  if (made !== platform) throw refuse(`it is a pack for ${made}, and this is ${platform}`, `give the pack for ${platform}`);
  if (!directory.has(binding.path)) throw refuse(`it lacks ${posix.basename(binding.path)}`, 'fetch it again');
  return read.value;
}

async function jsonOf(archive: Opened['archive'], member: ZipMember): Promise<unknown> {
  const [packed, unpacker] = openMember(archive, member), chunks: Buffer[] = [];
  let size = 0;
  await pipeline(packed, unpacker, async (unpacked: AsyncIterable<Buffer>) => {
    for await (const chunk of unpacked) {
      if ((size += chunk.length) > mostManifestBytes) throw new BadArchive('its manifest unpacks to more than it says');
      chunks.push(chunk);
    }
  });
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}
