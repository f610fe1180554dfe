/**
 * "What did it learn?", as a visitor asks it: of a prefix and of a LoRA that were just tuned, by mouse and by keyboard. On the
 * built page, in a real Chromium, on wasm with the bundled model and a very short run.
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { setNumber, type Visit, visit } from './page';

const LOADED = { timeout: 60_000 };
/** Of fable-7m. */
const LAYERS = 8;
const LENGTH = 16;

let person: Visit;
const panel = () => person.page.getByRole('region', { name: 'What did it learn?', exact: true });
const figure = (name: string) => panel().getByRole('region', { name, exact: true });
const tune = async (method: string, run: number) => {
  const step = person.step('Tune');
  await step.getByRole('radiogroup', { name: 'Method' }).getByText(method, { exact: true }).click();
  await step.getByRole('button', { name: 'Tune', exact: true }).click();
  await person.page.getByText(`Run ${run} finished at step 2.`).waitFor({ timeout: 120_000 });
};

beforeAll(async () => {
  const search = '?device=wasm&sample=sentiment&steps=2&eval=2&batch=2&warmup=0';
  person = await visit(new URL(search, inject('pageUrl')).href);
});
afterAll(() => person?.close());

test('before there is an adapter, it says how to come by one', async () => {
  await person.step('Data').getByText('256 rows, 2 labels').waitFor(LOADED);
  await panel().getByText('Tune an adapter, or bring one').waitFor();
  await person.page.getByRole('link', { name: 'What it learned' }).click();
  expect(await person.page.evaluate(() => document.activeElement?.textContent)).toBe('What did it learn?');
});

test('the map of attention has all layers and positions of the prefix, and a layer opens into its heads', async () => {
  await tune('Prefix', 1);
  await person.page.getByRole('link', { name: 'What it learned' }).click();
  // It belongs to Compare, whose prompt and answer it is of.
  await person.page.locator('nav [aria-current=step]').filter({ hasText: 'Compare' }).waitFor(LOADED);
  const attention = figure('Where the model looks');
  await attention.getByText('the answer in the data').waitFor(LOADED);
  await attention.getByRole('button', { name: 'Show where it looks' }).click();
  const layers = attention.getByRole('group', { name: 'Layers; choose one to see its heads' });
  await layers.waitFor(LOADED);
  expect(await layers.getByRole('button').count()).toBe(LAYERS * LENGTH);
  await layers.getByRole('button', { name: /^Layer 3, position 5:/ }).click();
  const heads = attention.getByRole('group', { name: 'Heads of layer 3' });
  expect(await heads.getByRole('button', { name: /^Head 1, position 16: [\d.]+ %$/ }).count()).toBe(1);
  await attention.getByText(/^Layer \d looks at the prefix most: [\d.]+ % of its attention/).waitFor();
});

test('arrow keys go from cell to cell, and the number of each stands below', async () => {
  const layers = figure('Where the model looks').getByRole('group', { name: 'Layers; choose one to see its heads' });
  await layers.getByRole('button', { name: /^Layer 1, position 1:/ }).focus();
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'ArrowUp', 'ArrowUp']) {
    await person.page.keyboard.press(key);
  }
  const label = await person.page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  expect(label).toMatch(/^Layer 1, position 3: [\d.]+ %$/);
  await figure('Where the model looks')
    .getByText(label ?? '', { exact: true })
    .waitFor();
});

test('what the adapter wrote in Compare can be looked at in place of the answer in the data', async () => {
  await setNumber(person.step('Compare'), 'Max tokens', 4);
  await person.step('Compare').getByRole('button', { name: 'Generate' }).click();
  const attention = figure('Where the model looks');
  await attention.getByRole('button', { name: 'Look again' }).click(LOADED);
  await attention.getByRole('group', { name: 'Layers; choose one to see its heads' }).waitFor(LOADED);
  const written = await person
    .step('Compare')
    .getByRole('group', { name: /^With / })
    .locator('output')
    .textContent();
  expect(written).not.toBe('');
  expect(await attention.locator('b').first().textContent()).toBe(written);
});

test('layers are switched off one by one until it is stopped, and what was measured stays', async () => {
  const ablation = figure('Which layers matter');
  await ablation.getByRole('button', { name: 'Switch layers off' }).click();
  await ablation.getByText(/^[1-7] of 8 layers$/).waitFor(LOADED);
  await ablation.getByRole('button', { name: 'Stop', exact: true }).click();
  await ablation.getByText(/^Stopped after \d of 8 layers\.$/).waitFor(LOADED);
  await ablation
    .getByRole('cell', { name: /^[+−]\d\.\d{3}$/ })
    .first()
    .waitFor();
  await ablation.getByRole('button', { name: 'Measure all layers' }).click();
  await ablation.getByText(/^Measured on \d+ held-out rows: loss .* for the model alone\./).waitFor(LOADED);
  expect(await ablation.getByRole('cell', { name: /^[+−]\d+\.\d{3}$/ }).count()).toBe(LAYERS);
});

test('sizes of keys and values stand beside those of the data', async () => {
  const norms = figure('How large the numbers are');
  await norms.getByRole('button', { name: 'Show the sizes' }).click();
  await norms.getByText('the first rows of the data').waitFor(LOADED);
  expect(await norms.getByRole('rowheader', { name: /^Layer / }).count()).toBe(2 * LAYERS);
});

test('a prompt has near words, a LoRA neither those nor a map, and is told why', async () => {
  await tune('Prompt', 2);
  const near = figure('Which words are near');
  await near.getByRole('button', { name: 'Find near words' }).click(LOADED);
  await expect.poll(() => near.getByRole('row').count(), LOADED).toBe(1 + LENGTH);
  await tune('LoRA', 3);
  await panel()
    .getByText(/LoRA changes the model’s matrices/)
    .waitFor(LOADED);
  expect(await panel().locator('h3').allTextContents()).toEqual(['Which layers matter', 'How large the numbers are']);
  // Nothing of the prefix is left.
  await figure('Which layers matter').getByRole('button', { name: 'Switch layers off' }).waitFor();
}, 300_000);

test('nothing was reported as an error', () => {
  expect(person.errors).toEqual([]);
});
