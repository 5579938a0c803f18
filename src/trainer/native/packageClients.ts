/**
 * Fetches a package through the user's own package client, which knows their index, proxy and credentials. No address
 * of an index is known here.
 */
import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { environmentWith } from '../../base/environment.ts';
import type { Package, PackageClient } from './pins.ts';

export type Fetched =
  | { readonly kind: 'fetched'; readonly file: string }
  | { readonly kind: 'no-client' }
  | { readonly kind: 'failed'; readonly command: string; readonly why: string };

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told a few times a second, where the client lets its file be seen while it grows. */
  readonly onBytes?: (doneBytes: number) => void;
  /** Ways to call the clients, for tests. */
  readonly commands?: typeof clientCommands;
}

/** Ways to call each, first that exists wins. */
export const clientCommands: Readonly<Record<PackageClient, readonly (readonly [string, ...string[]])[]>> = {
  pip: [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['uv', 'tool', 'run', 'pip']],
  maven: [['mvn']],
};

/** Fetches `wanted` into `folder`, which must be empty. Rejects with the signal's reason when cancelled. */
export async function fetchPackage(wanted: Package, folder: string, { signal, onBytes, commands = clientCommands }: FetchOptions = {}): Promise<Fetched> {
  const measuring = setInterval(() => void sizeOf(folder).then((bytes) => onBytes?.(bytes), () => undefined), 250);
  try {
    for (const [program, ...first] of commands[wanted.client]) {
      const ended = await run(program, [...first, ...argumentsFor(wanted, folder)], folder, signal);
      signal?.throwIfAborted();
      if (ended.kind === 'absent') continue;
      const command = [program, ...first].join(' ');
      if (ended.kind === 'failed') return { kind: 'failed', command, why: ended.why };
      const file = (await readdir(folder)).find((name) => /\.(whl|jar)$/.test(name));
      return file ? { kind: 'fetched', file: join(folder, file) } : { kind: 'failed', command, why: 'it left no file' };
    }
    return { kind: 'no-client' };
  } finally {
    clearInterval(measuring);
  }
}

function argumentsFor({ client, package: name, version, tag }: Package, folder: string): string[] {
  switch (client) {
    case 'pip':
      // The library inside is the same for every Python; one is named, so that any pip, of any Python, finds it.
      return ['download', `${name}==${version}`, '--no-deps', '--only-binary=:all:', '--no-cache-dir', '--disable-pip-version-check', '--no-input',
        '--platform', tag, '--implementation', 'cp', '--python-version', '311', '--abi', 'cp311', '--dest', folder];
    case 'maven':
      return ['--batch-mode', '--errors', 'dependency:copy', `-Dartifact=${name}:${version}:jar:${tag}`, `-DoutputDirectory=${folder}`];
  }
}

type Ended = { readonly kind: 'done' } | { readonly kind: 'absent' } | { readonly kind: 'failed'; readonly why: string };

function run(program: string, args: readonly string[], folder: string, signal: AbortSignal | undefined): Promise<Ended> {
  return new Promise((resolve) => {
    // Its temporary files lie in `folder` too, so that progress can be seen and nothing is left behind.
    const child = spawn(program, args, { cwd: folder, env: environmentWith({ TMPDIR: folder }), stdio: ['ignore', 'pipe', 'pipe'], ...(signal && { signal }) });
    let said = '';
    const listen = (chunk: Buffer): void => { said = (said + chunk.toString('utf8')).slice(-4000); };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ENOENT' ? { kind: 'absent' } : { kind: 'failed', why: error.message }));
    child.on('close', (code) => resolve(code === 0 ? { kind: 'done' } : /No module named pip/.test(said) ? { kind: 'absent' } : { kind: 'failed', why: problemIn(said) }));
  });
}

/** The lines in which clients say what went wrong, else the last one. */
function problemIn(said: string): string {
  const lines = said.split('\n').map((line) => line.trim()).filter(Boolean);
  const problems = lines.filter((line) => /^(\[?ERROR\]?|error)\b/i.test(line)).slice(0, 3);
  return (problems.length ? problems : lines.slice(-1)).join(' ') || 'it said nothing';
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(names.map((name) => stat(join(folder, name)).then((found) => found.isFile() ? found.size : 0, () => 0)));
  return sizes.reduce((sum, size) => sum + size, 0);
}
