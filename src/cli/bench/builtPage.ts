/**
 * The page as it is shipped: how much script a visitor downloads, and how long the first token takes. Built once, into a
 * folder of its own.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium, type Page } from 'playwright-core';
import { build, preview } from 'vite';
import { findChromium } from '../../../scripts/chromium.mjs';
import { median } from './timing';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const mode = 'production';
const VISITS = 3;
const PROMPT = 'Once upon a time';

let built: Promise<string> | undefined;

function builtFolder(): Promise<string> {
  built ??= (async () => {
    const outDir = await mkdtemp(join(tmpdir(), 'prelude-bench-'));
    await build({ root, mode, logLevel: 'error', build: { outDir, emptyOutDir: true } });
    return outDir;
  })();
  return built;
}

export async function removeBuild(): Promise<void> {
  const outDir = await built?.catch(() => null);
  if (outDir) await rm(outDir, { recursive: true, force: true });
}

/** Our scripts and styles, each compressed by itself as a server does; ONNX Runtime's own files (.wasm, .mjs) aside. */
export async function scriptGzipBytes(): Promise<number> {
  const outDir = await builtFolder();
  const files = (await readdir(outDir, { recursive: true })).filter((file) => /\.(js|css)$/.test(file));
  const sizes = await Promise.all(files.map(async (file) => gzipSync(await readFile(join(outDir, file))).byteLength));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Seconds from opening the page to the first generated token, not the first visit: the files are in the HTTP cache. */
export async function firstTokenSeconds(): Promise<number> {
  const executablePath = await findChromium();
  if (!executablePath) throw new Error('No Chromium was found. `npm test` installs one; or set CHROME_PATH.');
  const outDir = await builtFolder();
  const server = await preview({
    root,
    mode,
    logLevel: 'error',
    build: { outDir },
    preview: { port: 0, strictPort: false },
  });
  const browser = await chromium.launch({ executablePath, args: ['--headless=new', '--no-sandbox', '--disable-quic'] });
  try {
    const url = server.resolvedUrls?.local[0];
    if (!url) throw new Error('The preview server gave no address.');
    const page = await browser.newPage();
    await visit(page, url);
    const seconds: number[] = [];
    for (let i = 0; i < VISITS; i++) seconds.push(await visit(page, url));
    return median(seconds);
  } finally {
    await browser.close();
    await server.close();
  }
}

/** Opens the page and presses Generate as soon as it can be pressed. @returns seconds, by the page's own clock */
async function visit(page: Page, url: string): Promise<number> {
  await page.goto(`${url}?device=wasm&prompt=${encodeURIComponent(PROMPT)}`, { waitUntil: 'commit' });
  const compare = page.getByRole('region', { name: 'Compare', exact: true });
  await compare.getByRole('button', { name: 'Generate' }).click();
  const output = await compare.getByRole('group', { name: 'The model alone' }).locator('output').elementHandle();
  const first = await page.waitForFunction(
    (element) => {
      const status = element?.getAttribute('data-status');
      if (status === 'failed') throw new Error('the page could not generate');
      return (status === 'writing' || status === 'done') && element?.textContent !== '' ? performance.now() : false;
    },
    output,
    { polling: 'raf' },
  );
  return Number(await first.jsonValue()) / 1000;
}
