/**
 * Vitest's global set-up of the end-to-end tests: builds the page as `npm start` does and serves it with the same headers,
 * on a free port and from a folder of its own, so that a page served by hand is not disturbed. A test gets the address by
 * `inject('pageUrl')`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, preview } from 'vite';
import type {} from 'vitest';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the built page is served, with a slash at the end. */
    pageUrl: string;
  }
}

export default async function servePage(project: TestProject): Promise<() => Promise<void>> {
  const outDir = await mkdtemp(join(tmpdir(), 'prelude-page-'));
  // Vitest sets NODE_ENV to `test`, for which React would be built in its development variant.
  const mode = 'production';
  process.env.NODE_ENV = mode;
  await build({ mode, logLevel: 'warn', build: { outDir, emptyOutDir: true } });
  const server = await preview({ mode, logLevel: 'warn', build: { outDir }, preview: { port: 0, strictPort: false } });
  const url = server.resolvedUrls?.local[0];
  if (!url) throw new Error('The preview server gave no address.');
  project.provide('pageUrl', url);
  return async () => {
    await server.close();
    await rm(outDir, { recursive: true, force: true });
  };
}
