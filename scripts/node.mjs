/** Starts a Node program of the repository as a child and ends as it ends. For the scripts beside it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './install.mjs';

/**
 * Resolves with the exit code. The child shares this process's input and output; a request to stop is passed on to it, so
 * that a person's Ctrl-C or a supervisor's SIGTERM never leaves it running alone.
 *
 * @param {readonly string[]} args what stands after `node`
 * @param {{ cwd?: string, env?: Record<string, string | undefined> }} [options]
 * @returns {Promise<number>}
 */
export function runNode(args, options = {}) {
  const child = spawn(process.execPath, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: 'inherit',
  });
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  // Between npm and this process stands a shell, which dies of a signal without passing it on.
  const parent = process.ppid;
  const orphaned = () => process.env.npm_lifecycle_event !== undefined && process.ppid !== parent;
  const watch = setInterval(() => orphaned() && child.kill('SIGTERM'), 500);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    // A child that was stopped by a signal has no code; 130 is what a shell reports for an interrupted program.
    child.on('exit', (code) => resolve(code ?? 130));
  }).finally(() => clearInterval(watch));
}

/** @param {string} name a path inside `node_modules` */
export function packageFile(name) {
  return join(root, 'node_modules', name);
}

/**
 * Runs a script's `main` and turns its result into the exit code. An error is printed without its stack: the errors that
 * reach this point are written for the person.
 *
 * @param {() => Promise<number>} main
 */
export async function exitWith(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
