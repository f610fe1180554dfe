/** A visitor in headless Chromium: opens the built page and does what a person does there. */
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { findChromium } from '../../scripts/chromium.mjs';

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const WEBGPU_FLAGS = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

export interface Visit {
  readonly page: Page;
  /** Console errors and exceptions nobody caught. */
  readonly errors: readonly string[];
  step(name: 'Model' | 'Data' | 'Tune' | 'Compare' | 'Export'): Locator;
  close(): Promise<void>;
}

export async function visit(url: string, { webgpu = false } = {}): Promise<Visit> {
  const executablePath = await findChromium();
  if (!executablePath) throw new Error('No Chromium was found. `npm test` installs one; or set CHROME_PATH.');
  const browser: Browser = await chromium.launch({ executablePath, args: [...FLAGS, ...(webgpu ? WEBGPU_FLAGS : [])] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url);
  return {
    page,
    errors,
    step: (name) => page.getByRole('region', { name, exact: true }),
    close: () => browser.close(),
  };
}

/** Full-precision losses that the score table shows, in the order without, with. */
export async function lossesOf(row: Locator): Promise<number[]> {
  const values = await row.locator('data').evaluateAll((cells) => cells.map((cell) => cell.getAttribute('value')));
  return values.map(Number);
}

/** Fills a number field of the settings and leaves it, so that the value is taken. */
export async function setNumber(step: Locator, name: string, value: number): Promise<void> {
  const field = step.getByRole('textbox', { name, exact: true });
  await field.fill(String(value));
  await field.blur();
}

/** Downloads what a click saves. */
export async function download(page: Page, button: Locator): Promise<Uint8Array> {
  const [saved] = await Promise.all([page.waitForEvent('download'), button.click()]);
  const stream = await saved.createReadStream();
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return new Uint8Array(Buffer.concat(chunks));
}
