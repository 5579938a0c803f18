// @ts-check
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { root } from './repo.mjs';

/**
 * A hash over the names, sizes and times of files and folders (recursively), relative to the repository: changes when any
 * of them may have changed. Quick, as it opens no file.
 * @param {readonly string[]} paths
 */
export async function fingerprintOf(paths) {
  const hash = createHash('sha256');
  /** @param {string} path */
  const add = async (path) => {
    const facts = await lstat(path).catch(() => undefined);
    if (facts?.isDirectory()) {
      for (const name of (await readdir(path)).sort()) await add(join(path, name));
    } else {
      hash.update(`${relative(root, path)}\0${facts?.size}\0${facts?.mtimeMs}\n`);
    }
  };
  for (const path of paths) await add(join(root, path));
  return hash.digest('hex');
}

/** The text of a small file, or undefined when there is none. @param {string} path */
export const textOf = (path) => readFile(path, 'utf8').catch(() => undefined);
