/**
 * Every sample, as a first visitor tries it: opened, tuned for twenty steps, and measured: the model alone, with examples in
 * its prompt, and tuned. On the built page, in a real Chromium, on wasm with the bundled model.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parseSamples } from '../../src/state/samples';
import { setNumber, type Visit, visit } from './page';

const LOADED = { timeout: 60_000 };
const STEPS = 20;
/** All else is small: what is shown is that it works, not how well. */
const BATCH = 4;
const ROWS = 6;
const HELD_OUT_PERCENT = 5;

const samples = parseSamples(readFileSync('public/samples/index.json', 'utf8'));

/** What stands in the table of scores, by task. */
const metrics = {
  classification: ['accuracy', 'calibrated accuracy', 'macro F1'],
  extraction: ['precision', 'recall', 'F1', 'exact match'],
  generation: ['exact match', 'ROUGE-L', 'chrF', 'BLEU', 'perplexity'],
  persona: ['perplexity', 'distinct-1', 'distinct-2'],
} as const;

let person: Visit;

beforeAll(async () => {
  person = await visit(new URL('?device=wasm', inject('pageUrl')).href);
  await person.step('Model').getByText('7 million').waitFor(LOADED);
  await person.step('Tune').getByText('More settings').click();
  await setNumber(person.step('Tune'), 'Batch size', BATCH);
});
afterAll(() => person?.close());

describe.each(samples)('the sample $title', ({ title, file, rows, task }) => {
  test('is read whole', async () => {
    const data = person.step('Data');
    await data.getByRole('button', { name: title }).click();
    await data.getByText(`${file}: ${rows} rows`).waitFor(LOADED);
    expect(await data.getByRole('alert').count()).toBe(0);
    await setNumber(data, 'Held out', HELD_OUT_PERCENT);
    // Twelve to sixteen of 249 to 322 rows.
    await person
      .step('Compare')
      .getByText(/of 1\d held-out rows/)
      .waitFor(LOADED);
  });

  test('trains for twenty steps', async () => {
    const tune = person.step('Tune');
    await setNumber(tune, 'Steps', STEPS);
    await setNumber(tune, 'Validate every', STEPS);
    await tune.getByRole('button', { name: 'Tune', exact: true }).click();
    await person.page.getByRole('button', { name: 'Pause' }).waitFor(LOADED);
    await person.page.getByText(new RegExp(`Run \\d+ finished at step ${STEPS}`)).waitFor({ timeout: 180_000 });
    const line = /Validation loss ([\d.]+) → ([\d.]+)/.exec((await tune.textContent()) ?? '');
    expect(Number(line?.[2])).toBeLessThan(Number(line?.[1]));
  }, 300_000);

  test('is measured for the model alone, with examples, and tuned: the table fills, with every row beneath', async () => {
    const compare = person.step('Compare');
    const fewShot = compare.getByRole('checkbox', { name: 'With examples in the prompt' });
    await fewShot.check();
    await setNumber(compare, 'How many examples', 2);
    await setNumber(compare, 'Rows to measure', ROWS);
    if (task !== 'classification') await setNumber(compare, 'Answer length', 12);
    await compare.getByRole('button', { name: 'Measure all' }).click();
    const scores = compare
      .getByRole('table')
      .filter({ has: person.page.getByRole('columnheader', { name: 'Measure' }) });
    await compare.getByText(`${file}, ${ROWS} held-out rows`).waitFor({ timeout: 120_000 });
    for (const metric of metrics[task]) {
      const line = scores.getByRole('row').filter({ has: person.page.getByText(metric, { exact: true }) });
      expect(await line.locator('data').count(), metric).toBe(3);
    }
    expect(await compare.getByRole('alert').count()).toBe(0);
  }, 180_000);
});

test('a wrong file says what it is, and the sample is still there', async () => {
  const data = person.step('Data');
  const picture = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
  await data.getByLabel('Drop a dataset').setInputFiles({ name: 'rows.csv', mimeType: 'text/csv', buffer: picture });
  await data
    .getByRole('alert')
    .filter({ hasText: /rows\.csv is a PNG image/ })
    .waitFor(LOADED);
  await data.getByText('is still in use').waitFor(LOADED);
});

test('nothing was reported as an error', () => {
  expect(person.errors).toEqual([]);
});
