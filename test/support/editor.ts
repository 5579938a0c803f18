import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { chromium, type Browser, type Page } from 'playwright-core';
import { chromiumPath } from '../../scripts/chromium.mjs';
import { startVSCodeServer } from '../../scripts/vscodeServer.mjs';
import { ownCache } from './ownCache.ts';
import { photoWorkspace } from './photoWorkspace.ts';
import { repoRoot } from './root.ts';

export interface EditorOptions {
  /** Folder to open; by default a fresh one with a few photos (`photoWorkspace`). Nothing in the repository is touched. */
  readonly workspace?: string;
  /** Folder of the extension under development; `null` = only what is installed in `dataFolder`. */
  readonly extension?: string | null;
  /** Module whose `run()` VS Code calls in its extension host. */
  readonly tests?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Of VS Code's server, extension hosts and trainers, on top of ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** Server data with extensions already installed; by default an empty one. */
  readonly dataFolder?: string;
}

/** A real VS Code with a folder open, in headless Chromium. */
export interface Editor extends AsyncDisposable {
  readonly page: Page;
  /** Absolute path of the open folder. */
  readonly workspace: string;
  /** All that VS Code's server printed, extension hosts included. */
  serverLog(): string;
  /** What went wrong inside our own webviews: uncaught errors, console errors, anything the CSP refused. */
  readonly webviewProblems: readonly string[];
}

/** The same everywhere, on top of what scripts/vscodeServer.mjs begins with. */
const testSettings = { 'workbench.colorTheme': 'Default Dark Modern', 'files.hotExit': 'off', 'git.enabled': false };

export async function openEditor(options: EditorOptions = {}): Promise<Editor> {
  const endings: (() => Promise<unknown>)[] = [];
  const end = async (): Promise<void> => {
    for (let ending = endings.pop(); ending; ending = endings.pop()) await ending();
  };
  try {
    const scratch = await mkdtemp(join(tmpdir(), 'thaw-editor-'));
    endings.push(() => rm(scratch, { recursive: true, force: true, maxRetries: 10 }));
    const workspace = options.workspace ?? await photoWorkspace(join(scratch, 'workspace'));
    endings.push(() => endTrainers(workspace));
    const dataFolder = options.dataFolder ?? join(scratch, 'server');
    const server = await startVSCodeServer({ dataFolder, settings: { ...testSettings, ...options.settings }, env: { THAW_CACHE: ownCache(join(repoRoot, 'out', 'editor-cache')), ...options.env } });
    endings.push(() => server.stop());
    const browser = await startChromium();
    endings.push(() => browser.close());

    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    page.setDefaultTimeout(patienceMs);
    const webviewProblems = watchWebviews(page);
    await page.goto(server.addressOf(workspace, payloadOf(options)), { waitUntil: 'domcontentloaded' });
    return { page, workspace, webviewProblems, serverLog: () => server.log(), [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** A cold VS Code on two busy cores has needed half of it. */
const patienceMs = 60_000;

function payloadOf({ extension = repoRoot, tests }: EditorOptions): Record<string, string> {
  return {
    ...(extension === null ? {} : { extensionDevelopmentPath: extension }),
    ...(tests === undefined ? {} : { extensionTestsPath: tests }),
  };
}

function startChromium(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (!executablePath) throw new Error('no Chromium: "npm test" says how to get one');
  const args = ['--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox', ...args] : args, timeout: patienceMs });
}

/** Trainers outlive the editor by design; none may outlive its test. */
async function endTrainers(workspace: string): Promise<void> {
  const runs = join(workspace, '.thaw', 'runs');
  for (const id of await readdir(runs).catch(() => [])) {
    const lease = await readFile(join(runs, id, 'lease.json'), 'utf8').catch(() => '{}');
    const { pid } = JSON.parse(lease) as { pid?: number };
    if (pid === undefined) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // already over
    }
  }
}

/** Errors of our own pages only: the workbench itself logs some for what an offline machine cannot reach. */
function watchWebviews(page: Page): string[] {
  const problems: string[] = [];
  const isOurs = (place: string): boolean => {
    const owner = /extensionId=([^&]+)/.exec(place)?.[1]; // in the addresses of VS Code's own frames; resources have none
    return owner === undefined ? place.includes('vscode-resource') : owner.startsWith('thaw');
  };
  page.on('console', (message) => {
    if (message.type() === 'error' && isOurs(message.location().url)) problems.push(message.text());
  });
  page.on('pageerror', (error) => { // thrown by a script of ours: VS Code's own frame throws when its editor is closed while it loads
    if (/:\/\/[^/?\s]*vscode-resource/.test(error.stack ?? '')) problems.push(error.stack ?? error.message);
  });
  return problems;
}
