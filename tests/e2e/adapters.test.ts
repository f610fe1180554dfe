/**
 * Three methods, one library: each tunes, leaves an adapter that PEFT reads, and can be switched to, renamed, deleted and
 * put behind another. On the built page, in a real Chromium, on wasm with the bundled model and very short runs.
 */
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { download, setNumber, type Visit, visit } from './page';

const LOADED = { timeout: 60_000 };
const METHODS = ['Prefix', 'Prompt', 'LoRA'] as const;

let person: Visit;
const rows = () =>
  person
    .step('Export')
    .getByRole('row')
    .filter({ has: person.page.getByRole('button', { name: /^Measur/ }) });
const outputOf = (name: string | RegExp) => person.step('Compare').getByRole('group', { name }).locator('output');
const pick = async (field: ReturnType<Visit['step']>, option: string | RegExp) => {
  await field.click();
  await person.page.getByRole('option', { name: option }).click();
};

beforeAll(async () => {
  const search = '?device=wasm&sample=sentiment&steps=2&eval=2&batch=2&warmup=0';
  person = await visit(new URL(search, inject('pageUrl')).href);
});
afterAll(() => person?.close());

test('every method tunes, and brings its learning rate and its own adapter', async () => {
  const tune = person.step('Tune');
  await person.step('Data').getByText('256 rows, 2 labels').waitFor(LOADED);
  await tune.getByText('More settings').click();
  const rates: string[] = [];
  for (const [at, method] of METHODS.entries()) {
    await tune.getByRole('radiogroup', { name: 'Method' }).getByText(method, { exact: true }).click();
    rates.push(await tune.getByRole('textbox', { name: 'Learning rate', exact: true }).inputValue());
    await tune.getByRole('button', { name: 'Tune', exact: true }).click();
    await person.page.getByText(`Run ${at + 1} finished at step 2.`).waitFor({ timeout: 120_000 });
    await expect.poll(() => rows().count(), LOADED).toBe(at + 1);
  }
  expect(rates).toEqual(['0.05', '0.05', '0.003']);
  const kinds = await rows().evaluateAll((found) => found.map((row) => row.querySelectorAll('td')[1]?.textContent));
  expect(kinds).toEqual(['prefix of 16', 'prompt of 16', 'LoRA of rank 8']);
}, 300_000);

test.each([
  [1, 'prefix', { peft_type: 'PREFIX_TUNING', num_virtual_tokens: 16 }],
  [2, 'prompt', { peft_type: 'PROMPT_TUNING', num_virtual_tokens: 16 }],
  [3, 'LoRA', { peft_type: 'LORA', r: 8, lora_alpha: 16 }],
])('the file of adapter %i, a %s, says to PEFT what it is', async (at, _method, config) => {
  const exporting = person.step('Export');
  await pick(exporting.getByRole('combobox', { name: 'Adapter', exact: true }), `sentiment · #${at}`);
  const zip = await download(person.page, exporting.getByRole('button', { name: 'Export', exact: true }));
  const [, bytes] = Object.entries(unzipSync(zip)).find(([name]) => name.endsWith('adapter_config.json')) ?? [];
  expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject(config);
});

test('a zip to continue on GPUs holds the adapter, the rows and the settings of its own run', async () => {
  const exporting = person.step('Export');
  await pick(exporting.getByRole('combobox', { name: 'Adapter', exact: true }), 'sentiment · #1');
  const zip = await download(person.page, exporting.getByRole('button', { name: 'Continue on GPUs' }));
  const files = Object.keys(unzipSync(zip));
  for (const name of ['train.py', 'adapter_config.json', 'adapter_model.safetensors']) {
    expect(
      files.some((file) => file.endsWith(name)),
      name,
    ).toBe(true);
  }
  // LoRA is what stands in Tune by now, and has another learning rate.
  const settings = Object.entries(unzipSync(zip)).find(([name]) => name.endsWith('hyperparameters.json'))?.[1];
  expect(JSON.parse(new TextDecoder().decode(settings))).toMatchObject({ method: { type: 'prefix' }, steps: 2 });
});

test('switching to another adapter rewrites its column alone, and fetches nothing', async () => {
  const { page } = person;
  const compare = person.step('Compare');
  await setNumber(compare, 'Max tokens', 8);
  await compare.getByRole('button', { name: 'Add a column' }).click();
  await compare.getByRole('button', { name: 'Generate' }).click();
  await expect.poll(() => compare.getByText(/tokens?\/s/).count(), LOADED).toBe(3);
  const figures = await compare.getByText(/tokens?\/s/).allTextContents();
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  const column = compare.getByRole('group', { name: 'With sentiment · #3' });
  await pick(column.getByRole('combobox', { name: 'Written by' }), 'sentiment · #1');
  await compare
    .getByRole('group', { name: 'With sentiment · #1' })
    .getByText(/tokens?\/s/)
    .waitFor(LOADED);
  // The pace of a text is measured anew only where it is written anew.
  const after = await compare.getByText(/tokens?\/s/).allTextContents();
  expect([after[0], after[2]]).toEqual([figures[0], figures[2]]);
  expect(await outputOf('The model alone').textContent()).not.toBe('');
  expect(requests).toEqual([]);
}, 120_000);

test('an adapter is renamed with Enter, and keeps its name with Escape', async () => {
  const { page } = person;
  const exporting = person.step('Export');
  const rename = async (from: string, typed: string, key: 'Enter' | 'Escape') => {
    await exporting.getByRole('button', { name: `More for ${from}` }).click();
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    const field = exporting.getByRole('textbox', { name: `Name of ${from}` });
    await field.fill(typed);
    await field.press(key);
    await field.waitFor({ state: 'detached' });
  };
  await rename('sentiment · #1', 'Mine', 'Enter');
  await exporting.getByRole('cell', { name: 'Mine', exact: true }).waitFor(LOADED);
  await rename('Mine', 'Other', 'Escape');
  await exporting.getByRole('cell', { name: 'Mine', exact: true }).waitFor(LOADED);
  expect(await outputOf('With Mine').textContent()).not.toBe('');
});

test('a deleted adapter comes back with Undo, and the keyboard stays with it', async () => {
  const { page } = person;
  const exporting = person.step('Export');
  await exporting.getByRole('button', { name: 'More for sentiment · #2' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await exporting.getByText('sentiment · #2 will be deleted in a moment.').waitFor(LOADED);
  expect(await rows().count()).toBe(2);
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent), LOADED).toBe('Undo');
  await page.keyboard.press('Enter');
  await expect.poll(() => rows().count(), LOADED).toBe(3);
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Adapters');
});

test('a prefix that is brought back goes behind the one it was, and the two write as one', async () => {
  const exporting = person.step('Export');
  await pick(exporting.getByRole('combobox', { name: 'Adapter', exact: true }), 'Mine');
  const zip = await download(person.page, exporting.getByRole('button', { name: 'Export', exact: true }));
  const file = { name: 'mine.zip', mimeType: 'application/zip', buffer: Buffer.from(zip) };
  await exporting.getByLabel('Drop an adapter').setInputFiles(file);
  await expect.poll(() => rows().count(), LOADED).toBe(4);
  await exporting.getByText('Put one behind the other (experiment)').click();
  await pick(exporting.getByRole('combobox', { name: 'In front' }), 'Mine (imported)');
  await pick(exporting.getByRole('combobox', { name: 'Behind it' }), 'Mine');
  await exporting.getByRole('button', { name: 'Make one of them' }).click();
  await exporting.getByRole('cell', { name: 'prefix of 32' }).waitFor(LOADED);
  // It stands in Compare at once, and has answered what the others were asked.
  await person
    .step('Compare')
    .getByRole('group', { name: 'With Mine + Mine' })
    .getByText(/tokens?\/s/)
    .waitFor(LOADED);
}, 120_000);

test('nothing was reported as an error', () => {
  expect(person.errors).toEqual([]);
});
