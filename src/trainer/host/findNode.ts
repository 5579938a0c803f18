import { execFile } from 'node:child_process';
import type { Checked } from '../../protocol/diagnostic.ts';
import { environmentWith } from '../../base/environment.ts';

/** The Node that trains, how to start it, and why this one. */
export interface NodeChoice {
  readonly command: string;
  /** Added to the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** "v20.20.0". */
  readonly version: string;
  /** "`node` on PATH". */
  readonly why: string;
}

export interface NodeSearch {
  /** A path from the settings; when given, nothing else is tried. */
  readonly configured?: string;
  /** The executable this very process runs on. */
  readonly own: string;
  readonly ownIsElectron: boolean;
}

/** Runs `command` and returns its version, or undefined when that does not work. */
export type VersionOf = (command: string, environment: Readonly<Record<string, string>>) => Promise<string | undefined>;

const oldest = 20;

/**
 * A plain Node is preferred: the configured one, the one we run on when it is plain (VS Code as a server, the terminal),
 * `node` on PATH. Electron as Node comes last: its Node changes with each VS Code, and it forbids external buffers.
 */
export async function findNode(search: NodeSearch, versionOf: VersionOf = askVersion): Promise<Checked<NodeChoice>> {
  for (const candidate of candidates(search)) {
    const version = await versionOf(candidate.command, candidate.environment);
    if (version !== undefined && majorOf(version) >= oldest) return { ok: true, value: { ...candidate, version }, warnings: [] };
    if (search.configured) return notFound(`${candidate.command}, as configured, ${version === undefined ? 'does not run' : `is Node ${version}`}`);
  }
  return notFound('no Node was found, neither `node` on PATH nor the editor\'s own');
}

function candidates({ configured, own, ownIsElectron }: NodeSearch): readonly Omit<NodeChoice, 'version'>[] {
  if (configured) return [{ command: configured, environment: {}, why: 'configured in the settings' }];
  const onPath = { command: 'node', environment: {}, why: '`node` on PATH' };
  return ownIsElectron
    ? [onPath, { command: own, environment: { ELECTRON_RUN_AS_NODE: '1' }, why: 'the editor\'s own, as no `node` is on PATH' }]
    : [{ command: own, environment: {}, why: 'the one that Thaw itself runs on' }, onPath];
}

const notFound = (seen: string): Checked<NodeChoice> => ({
  ok: false, warnings: [],
  errors: [{ code: 'node-missing', severity: 'error', message: seen, fix: `install Node ${oldest} or later, or set thaw.node.path to it` }],
});

const majorOf = (version: string): number => Number(/^v(\d+)\./.exec(version)?.[1] ?? 0);

const askVersion: VersionOf = (command, environment) => new Promise((resolve) => {
  execFile(command, ['--version'], { env: environmentWith(environment), timeout: 10_000, windowsHide: true },
    (error, stdout) => resolve(error ? undefined : stdout.trim()));
});
