// @ts-check
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './repo.mjs';

/** A program that could not be started or ended badly; the message holds the last lines it printed. */
export class ProgramFailed extends Error {
  /** @param {string} line @param {string} how @param {string} output */
  constructor(line, how, output) {
    const last = output.trimEnd().split('\n').slice(-15).join('\n');
    super(`${line} ${how}${last ? `\n${last}` : ''}`);
    this.name = 'ProgramFailed';
    this.output = output;
  }
}

/**
 * Runs a program without a shell and without input; resolves with what it printed (stdout and stderr as they came),
 * rejects with ProgramFailed. `show`: its output also goes to our own.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, show?: boolean }} [options]
 * @returns {Promise<string>}
 */
export function run(command, args, { cwd = root, env = {}, show = false } = {}) {
  const line = [command, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        output += text;
        if (show) process.stderr.write(text);
      });
    }
    child.on('error', (error) => reject(new ProgramFailed(line, `did not start: ${error.message}`, '')));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new ProgramFailed(line, signal ? `was ended by ${signal}` : `ended with code ${code}`, output));
    });
  });
}

/**
 * The full path of a program, or undefined when it is not on PATH.
 * @param {string} name
 */
export function whereIs(name) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const ending of endings) {
      const path = join(folder, name + ending);
      if (isExecutable(path)) return path;
    }
  }
  return undefined;
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * npm, by the very client that runs us where there is one.
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined> }} [options]
 */
export const npm = (args, options) => {
  const client = process.env.npm_execpath;
  return client?.endsWith('.js') ? run(process.execPath, [client, ...args], options) : run('npm', args, options);
};
