// @ts-check

/**
 * Does one piece of set-up, saying so before and after, on stderr.
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} work
 */
export async function step(title, work) {
  process.stderr.write(`› ${title} …\n`);
  const start = performance.now();
  const result = await work();
  process.stderr.write(`  done in ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  return result;
}
