/**
 * A Node module hook for Vite's `import text from './file.wgsl?raw'`, so that the same source files run in Node.
 * `node --import ./scripts/raw-text.mjs` registers it.
 */
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

// The hooks run on a thread of Node's own, which loads this file a second time.
if (isMainThread) register(import.meta.url);

const suffix = '?raw';

/** @type {import('node:module').ResolveHook} */
export async function resolve(specifier, context, next) {
  if (!specifier.endsWith(suffix) || !specifier.startsWith('.') || !context.parentURL) return next(specifier, context);
  return { url: new URL(specifier, context.parentURL).href, shortCircuit: true };
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!url.endsWith(suffix)) return next(url, context);
  const text = await readFile(new URL(url.slice(0, -suffix.length)), 'utf8');
  return { format: 'module', source: `export default ${JSON.stringify(text)};`, shortCircuit: true };
}
