/**
 * Work that outlives the page: a search is stopped, resumed after a reload and completed; its runs are found again, laid
 * over each other and renamed; two of its adapters take turns in Compare. On the built page, in a real Chromium, on wasm
 * with the bundled model and very short runs.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { download, setNumber, type Visit, visit } from './page';

const LOADED = { timeout: 60_000 };
const TRAINED = { timeout: 120_000 };
const RUNS = 4;

let person: Visit;
const search = () => person.page.getByRole('region', { name: 'Search settings' });
const runs = () => person.page.getByRole('region', { name: 'Runs', exact: true });
const rows = () =>
  runs()
    .getByRole('table', { name: /^Kept runs/ })
    .locator('tbody tr');
const ofSearch = () => search().getByRole('table', { name: 'Runs of the search' }).locator('tbody tr');
const cell = (at: number) => rows().evaluateAll((found, n) => found.map((row) => row.children[n]?.textContent), at);

/** Loads the page anew, as one who comes back does. */
async function comeBack() {
  await person.page.reload();
  await person.step('Model').getByText('7 million').waitFor(LOADED);
}

beforeAll(async () => {
  person = await visit(new URL('?device=wasm&steps=2&eval=2&batch=2&warmup=0', inject('pageUrl')).href);
  // Few rows, so that few are held out. Nobody opens them again after a reload: a search brings its own.
  const rows = readFileSync('public/samples/sentiment.jsonl', 'utf8').trim().split('\n').slice(0, 40);
  const file = { name: 'mine.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from(rows.join('\n')) };
  await person.step('Data').getByLabel('Drop a dataset').setInputFiles(file);
  await person.step('Data').getByText('40 rows, 2 labels').waitFor(LOADED);
});
afterAll(() => person?.close());

test('a search says how many runs it makes, and what is wrong with it', async () => {
  await search().getByText('Search settings').click();
  await search().getByLabel('Stop the worse ones early').uncheck();
  await search().getByLabel('Lengths of Prefix').fill('2, four');
  await search().getByText('“2, four” is no list of numbers; write for example 4, 8, 16.').waitFor();
  await search().getByLabel('Lengths of Prefix').fill('2, 4');
  await search().getByLabel('Learning rates of Prefix').fill('0.05, 0.01');
  await search().getByText(`${RUNS} runs;`).waitFor(LOADED);
});

test('a search is stopped, and taken up where it was after a reload', async () => {
  const { page } = person;
  await search().getByRole('button', { name: 'Search', exact: true }).click();
  const strip = page.getByRole('complementary', { name: 'Run' });
  await strip.getByText(/^run 2 of 4/).waitFor(TRAINED);
  await strip.getByRole('button', { name: 'Stop the search' }).click();
  const interrupted = search().getByText(/^A search of 4 runs on mine.jsonl was interrupted after [123]\.$/);
  await interrupted.waitFor(TRAINED);
  await comeBack();
  await interrupted.waitFor(LOADED);
  expect(await rows().count()).toBeGreaterThan(0);

  await search().getByRole('button', { name: 'Resume the search' }).click();
  await search().getByRole('button', { name: 'Show the best in Compare' }).waitFor(TRAINED);
  await expect.poll(() => ofSearch().getByRole('cell', { name: /^done/ }).count(), TRAINED).toBe(RUNS);
  await interrupted.waitFor({ state: 'detached' });
  expect(await search().textContent()).toMatch(/virtual tokens (is best|is enough)/);
  await search()
    .getByRole('img', { name: /prefix: .* at 2 .* at 4 / })
    .waitFor();
}, 500_000);

test('the table of a search is sorted by loss', async () => {
  const losses = async () =>
    (await ofSearch().evaluateAll((found) => found.map((row) => row.children[8]?.textContent))).map(Number);
  await search().getByRole('button', { name: 'Validation loss' }).click();
  const rising = await losses();
  expect(rising).toEqual(rising.toSorted((a, b) => a - b));
  await search().getByRole('button', { name: 'Validation loss' }).click();
  expect(await losses()).toEqual(rising.toReversed());
});

test('the best of a search is in Compare with one click, and gives way to another', async () => {
  const compare = person.step('Compare');
  await search().getByRole('button', { name: 'Show the best in Compare' }).click();
  await compare.getByRole('textbox', { name: 'Prompt' }).fill('Text: The soup was cold.\nLabel:');
  await setNumber(compare, 'Max tokens', 4);
  await compare.getByRole('button', { name: 'Generate' }).click();
  await expect.poll(() => compare.getByText(/tokens?\/s/).count(), LOADED).toBe(2);
  const column = compare.getByRole('group', { name: /^With / });
  const best = await column.getAttribute('aria-label');
  await column.getByRole('combobox', { name: 'Written by' }).click();
  const others = person.page.getByRole('option').filter({ hasNotText: 'The model alone' });
  await others
    .filter({ hasNotText: best?.replace('With ', '') ?? '' })
    .first()
    .click();
  await expect.poll(() => column.getAttribute('aria-label'), LOADED).not.toBe(best);
  await column.getByText(/tokens?\/s/).waitFor(LOADED);
}, 120_000);

test('runs are found again after a reload, and show in what they differ', async () => {
  const before = await cell(1);
  expect(before.length).toBeGreaterThanOrEqual(RUNS);
  await comeBack();
  await expect.poll(() => cell(1), LOADED).toEqual(before);

  const sizes = await cell(5);
  const chosen = [sizes.indexOf('2'), sizes.indexOf('4')];
  for (const at of chosen) await rows().nth(at).getByRole('checkbox').check();
  const differing = runs().getByRole('table', { name: /^In what they differ/ });
  await differing.getByRole('row', { name: 'Length 2 virtual tokens 4 virtual tokens' }).waitFor(LOADED);
  expect(await differing.getByRole('rowheader', { name: 'Steps' }).count()).toBe(0);
  const names = chosen.map((at) => before[at]);
  await runs()
    .getByRole('img', { name: new RegExp(`${names[0]}: validation loss .* ${names[1]}: validation loss `) })
    .waitFor(LOADED);
  const button = runs().getByRole('button', { name: 'Export as JSON lines' });
  const lines = new TextDecoder()
    .decode(await download(person.page, button))
    .trimEnd()
    .split('\n');
  expect(lines.map((line) => JSON.parse(line).name).sort()).toEqual(names.sort());
}, 120_000);

test('a run gets a name, its settings go into the form, and its deletion is undone', async () => {
  const { page } = person;
  const [name] = await cell(1);
  const [size] = await cell(5);
  const choose = async (of: string, what: string) => {
    await runs()
      .getByRole('button', { name: `More for ${of}` })
      .click();
    await page.getByRole('menuitem', { name: what }).click();
  };
  await choose(name ?? '', 'Rename');
  const field = runs().getByRole('textbox', { name: `Name of ${name}` });
  await field.fill('The last one');
  await field.press('Enter');
  await expect.poll(async () => (await cell(1))[0], LOADED).toBe('The last one');
  await choose('The last one', 'Tune again with its settings');
  await expect.poll(() => person.step('Tune').locator('output').first().textContent()).toBe(size);

  const count = await rows().count();
  await choose('The last one', 'Delete');
  await runs().getByText('The last one will be deleted in a moment').waitFor();
  expect(await rows().count()).toBe(count - 1);
  await runs().getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => rows().count()).toBe(count);
});

test('nothing was reported as an error', () => {
  expect(person.errors).toEqual([]);
});
