/**
 * Runs a TypeScript program of `src/cli` or `tools` in Node: `node scripts/run.mjs src/cli/tune.ts --model DIR …`. It installs what
 * is missing first and prints nothing of its own on stdout, where the program's answer goes.
 */
import { resolve } from 'node:path';
import { ensureInstalled, root } from './install.mjs';
import { exitWith, runNode } from './node.mjs';

await exitWith(async () => {
  const [program, ...args] = process.argv.slice(2);
  if (!program) throw new Error('Usage: node scripts/run.mjs FILE.ts [ARGUMENT...]');
  ensureInstalled();
  // Both by full address, so that paths among the arguments may be relative to any working directory.
  const loaders = [import.meta.resolve('tsx'), import.meta.resolve('./raw-text.mjs')];
  const imports = loaders.flatMap((loader) => ['--import', loader]);
  return runNode([...imports, resolve(root, program), ...args], { cwd: process.cwd() });
});
