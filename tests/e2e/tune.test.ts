/**
 * The main job, as a visitor does it: open the page, drop a dataset, tune a prefix, compare, export, bring it back. On the
 * built page, in a real Chromium, on wasm with the bundled model.
 */
import { readFileSync } from 'node:fs';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { importAdapter, readSafeTensors } from '../../src/adapters';
import { bundledGeometry } from '../support/geometry';
import { download, lossesOf, setNumber, type Visit, visit } from './page';

const STEPS = 30;
const LENGTH = 16;
/** Of fable-7m. */
const LOADED = { timeout: 60_000 };

let person: Visit;
/** What the page exported, kept from one test to the next. */
let zip: Uint8Array;

beforeAll(async () => {
  person = await visit(new URL('?device=wasm', inject('pageUrl')).href);
});
afterAll(() => person?.close());

test('the bundled model loads by itself, with threads', async () => {
  const model = person.step('Model');
  await model.getByText('7 million').waitFor(LOADED);
  expect(await person.page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(await model.textContent()).toContain('512 tokens');
});

test('a dropped JSONL file is read, mapped and shown as it trains', async () => {
  const rows = readFileSync('public/samples/sentiment.jsonl', 'utf8').trim().split('\n').slice(0, 80);
  const text = [...rows.slice(0, 40), '{"text": "no label"', ...rows.slice(40)].join('\n');
  const data = person.step('Data');
  const file = { name: 'mine.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from(text) };
  await data.getByLabel('Drop a dataset').setInputFiles(file);
  await data.getByText('80 rows, 2 labels, 1 skipped').waitFor(LOADED);
  expect(await data.textContent()).toContain('Exactly what trains');
  await data.getByRole('cell', { name: '41', exact: true }).waitFor();
});

test('its columns and the words for its labels are changed in place, and the skipped row leaves as a file', async () => {
  const data = person.step('Data');
  const preview = data.getByRole('figure').filter({ hasText: 'Exactly what trains' });
  await data.getByRole('button', { name: 'Next row' }).click();
  await preview.getByText('row 2 of').waitFor();
  const role = data.getByRole('combobox', { name: 'Role of text' });
  await role.selectOption('unused');
  await preview.filter({ hasNotText: /Text:/ }).waitFor(LOADED);
  await role.selectOption('input');
  await preview.filter({ hasText: /Text:/ }).waitFor(LOADED);
  const word = person.page.getByRole('textbox', { name: 'Word for bad' });
  const firstToken = data.getByRole('row').filter({ has: word }).locator('code');
  const before = await firstToken.textContent();
  await word.fill('poor');
  await expect.poll(() => firstToken.textContent(), LOADED).not.toBe(before);
  await word.fill('');
  await expect.poll(() => firstToken.textContent(), LOADED).toBe(before);
  const list = await download(person.page, data.getByRole('button', { name: 'Download the list' }));
  expect(new TextDecoder().decode(list)).toMatch(/^file,line,column,kind,reason\n,41,/);
}, 60_000);

test('thirty steps lower the validation loss, and the page stays responsive', async () => {
  const { page } = person;
  const tune = person.step('Tune');
  await tune.getByText('More settings').click();
  await setNumber(tune, 'Steps', STEPS);
  await setNumber(tune, 'Validate every', STEPS);
  await page.evaluate(() => {
    const seen: number[] = [];
    Object.assign(window, { longTasks: seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.push(entry.duration);
    }).observe({ type: 'longtask' });
  });
  await tune.getByRole('button', { name: 'Tune', exact: true }).click();
  await page.getByRole('button', { name: 'Pause' }).waitFor(LOADED);
  await tune.getByText(`${STEPS} / ${STEPS}`).waitFor({ timeout: 180_000 });
  await tune.getByText(/Validation loss .* finished/).waitFor({ timeout: 60_000 });
  const line = /Validation loss ([\d.]+) → ([\d.]+)/.exec((await tune.textContent()) ?? '');
  const [before, after] = [Number(line?.[1]), Number(line?.[2])];
  expect(after).toBeLessThan(before);
  const longTasks = await page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks);
  expect(longTasks.filter((duration) => duration > 100)).toEqual([]);
}, 300_000);

test('Compare streams two different texts for the same prompt', async () => {
  const compare = person.step('Compare');
  await compare.getByRole('button', { name: 'Generate' }).click();
  const texts = await Promise.all(
    ['The model alone', /^With /].map(async (name) => {
      const pane = compare.getByRole('group', { name });
      await pane.getByText(/tokens\/s/).waitFor({ timeout: 60_000 });
      return pane.locator('output').textContent();
    }),
  );
  expect(texts[0]).not.toBe('');
  expect(texts[1]).not.toBe(texts[0]);
}, 120_000);

test('held-out rows tell what tuning is worth, in scores and row by row', async () => {
  const part = person.page.getByRole('region', { name: 'Measure on held-out rows' });
  await setNumber(part, 'Rows to measure', 6);
  await part.getByRole('button', { name: 'Measure all' }).click();
  await part.getByText('Row by row').waitFor(LOADED);
  const headers = await part.getByRole('rowheader').allTextContents();
  expect(headers.filter((text) => /accuracy|macro F1/.test(text))).toHaveLength(3);
  const scores = await part.locator('data').evaluateAll((cells) => cells.map((cell) => cell.getAttribute('value')));
  expect(scores.map(Number).filter((score) => score >= 0 && score <= 1)).toHaveLength(6);
  expect(await part.getByRole('region', { name: 'Rows' }).getByRole('row').count()).toBe(1 + 6);
}, 120_000);

test('a dropped file comes back with a column of predictions', async () => {
  const part = person.page.getByRole('region', { name: 'Use it on a file' });
  const buffer = Buffer.from('text,stars\nThe soup was cold.,1\nA lovely evening.,5\n');
  await part.getByLabel('Drop a file').setInputFiles({ name: 'new.csv', mimeType: 'text/csv', buffer });
  await part.getByText('2 rows answered').waitFor(LOADED);
  const bytes = await download(person.page, part.getByRole('button', { name: 'Download again' }));
  const [head, first] = new TextDecoder().decode(bytes).split(/\r?\n/);
  expect(head).toBe('text,stars,prediction,probability');
  expect(first).toMatch(/^The soup was cold\.,1,(good|bad),[\d.]+$/);
});

test('Export downloads a PEFT folder with a tensor of the right shape', async () => {
  const exporting = person.step('Export');
  zip = await download(person.page, exporting.getByRole('button', { name: 'Export', exact: true }));
  const files = new Map(Object.entries(unzipSync(zip)).map(([name, bytes]) => [name.replace(/^.*\//, ''), bytes]));
  expect([...files.keys()].sort()).toEqual([
    'README.md',
    'adapter_config.json',
    'adapter_model.safetensors',
    'prelude.json',
  ]);
  const config = JSON.parse(new TextDecoder().decode(files.get('adapter_config.json')));
  expect(config).toMatchObject({
    peft_type: 'PREFIX_TUNING',
    num_virtual_tokens: LENGTH,
    num_layers: 8,
    token_dim: 128,
  });
  const { tensors } = readSafeTensors(files.get('adapter_model.safetensors') as Uint8Array);
  expect(tensors.get('prompt_embeddings')?.dims).toEqual([LENGTH, 8 * 2 * 4 * 32]);
});

test('brought back, the prefix gives the same validation loss', async () => {
  const { page } = person;
  const exporting = person.step('Export');
  const buffer = Buffer.from(zip);
  await exporting
    .getByLabel('Drop an adapter')
    .setInputFiles({ name: 'mine.zip', mimeType: 'application/zip', buffer });
  const rows = page
    .getByRole('table')
    .getByRole('row')
    .filter({ has: page.getByRole('button', { name: 'Measure' }) });
  await expect.poll(() => rows.count(), LOADED).toBe(2);
  for (const row of [rows.nth(0), rows.nth(1)]) {
    await row.getByRole('button', { name: 'Measure' }).click();
    await expect.poll(async () => (await lossesOf(row)).length, LOADED).toBe(2);
    await row.getByRole('button', { name: 'Measure' }).waitFor(LOADED);
  }
  const [tuned, imported] = [await lossesOf(rows.nth(0)), await lossesOf(rows.nth(1))];
  expect(imported[0]).toBeCloseTo(tuned[0] as number, 6);
  expect(Math.abs((imported[1] as number) - (tuned[1] as number))).toBeLessThanOrEqual(1e-6);
  const { adapter } = importAdapter([{ name: 'mine.zip', bytes: zip }], bundledGeometry);
  expect(adapter).toMatchObject({ method: 'prefix', length: LENGTH });
}, 120_000);

test('nothing was reported as an error', () => {
  expect(person.errors).toEqual([]);
});
