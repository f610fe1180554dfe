/**
 * A real Chromium with WebGPU for what Node cannot run: commands with `--backend webgpu`, and tests. The page is blank, is
 * served by Vite from the project's own configuration (cross-origin isolated, so wasm threads work too), and loads any
 * module of the project. Not for the finished page, which is built first.
 *
 * Code that runs in the page lives in a `*.page.ts` file of its own: Vitest rewrites `import` in test files, so a function
 * that uses it does not survive the way into the page.
 */
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import type { Plugin, ViteDevServer } from 'vite';
import { createServer } from 'vite';
import { findChromium } from '../../scripts/chromium.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const BLANK = '/blank-page';

/** SwiftShader is WebGPU in software: the same on every machine, and right, though slow. */
const flags = [
  '--headless=new',
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The functions a module exports, called in the page; arguments and results are copied there and back. */
export type Remote<Module> = {
  readonly [Name in keyof Module as Module[Name] extends (...args: never[]) => unknown
    ? Name
    : never]: Module[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

export interface ModuleBrowser {
  readonly origin: string;
  readonly page: Page;
  /** What the console showed as errors, and what was thrown and not caught, until now. */
  readonly errors: readonly string[];
  /** `module<typeof import('./x.page')>('/tests/…/x.page.ts')`: the path is the one from the project's root. */
  module<Module>(path: string): Remote<Module>;
  close(): Promise<void>;
}

/** @throws Error if there is no Chromium, with the command that installs one. */
export async function openBrowser(): Promise<ModuleBrowser> {
  const executablePath = await findChromium();
  if (!executablePath) throw new Error('No Chromium was found. `npm test` installs one; or set CHROME_PATH.');
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const origin = await serve(closers);
    const browser = await chromium.launch({ executablePath, args: flags });
    closers.push(() => browser.close());
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(origin + BLANK);
    return { origin, page, errors, module: (path) => remote(page, path), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A proxy whose every property is a function that calls the export of that name. */
function remote<Module>(page: Page, path: string): Remote<Module> {
  const call = (name: string, args: unknown[]) =>
    page.evaluate(([path, name, args]) => (globalThis as unknown as BlankPage).callExport(path, name, args), [
      path,
      name,
      args,
    ] as const);
  const handler = {
    get: (_: object, name: string) => (name === 'then' ? undefined : (...args: unknown[]) => call(name, args)),
  };
  return new Proxy({}, handler) as Remote<Module>;
}

interface BlankPage {
  callExport(path: string, name: string, args: readonly unknown[]): Promise<unknown>;
}

const blankPageHtml = `<!doctype html>
<title>Prelude, blank page</title>
<link rel="icon" href="data:," />
<script>
  globalThis.callExport = async (path, name, args) => (await import(path))[name](...args);
</script>`;

/** Starts Vite on a free port; every server has a cache of its own, so that test files may run side by side. */
async function serve(closers: (() => Promise<unknown>)[]): Promise<string> {
  const cacheDir = `${root}node_modules/.vite-blank-${process.pid}-${crypto.randomUUID()}`;
  closers.push(() => rm(cacheDir, { recursive: true, force: true }));
  const server = await createServer({
    root,
    configFile: `${root}vite.config.ts`,
    cacheDir,
    logLevel: 'error',
    appType: 'custom',
    plugins: [blankPage],
    // All dependencies are found before the first page opens: one found later would reload the page amid a test.
    optimizeDeps: { entries: ['src/**/*.{ts,tsx}', 'tests/**/*.page.ts'] },
    server: { host: '127.0.0.1', port: 0, strictPort: true, hmr: false, watch: null },
  });
  closers.push(() => server.close());
  await server.listen();
  const [origin] = server.resolvedUrls?.local ?? [];
  if (!origin) throw new Error('Vite did not say where it listens.');
  return origin.replace(/\/$/, '');
}

const blankPage: Plugin = {
  name: 'blank-page',
  configureServer(server: ViteDevServer) {
    server.middlewares.use(BLANK, (_request, response) => {
      for (const [name, value] of Object.entries(server.config.server.headers ?? {})) {
        if (value !== undefined) response.setHeader(name, value);
      }
      response.setHeader('Content-Type', 'text/html');
      response.end(blankPageHtml);
    });
  },
};
