/**
 * The same job on WebGPU. SwiftShader computes it in software, right but slowly, so a tiny decoder with random weights is
 * dropped on the page, with a tokenizer of bytes.
 */
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readSafeTensors } from '../../src/adapters';
import { download, lossesOf, setNumber, type Visit, visit } from './page';

const SLOW = { timeout: 120_000 };
const rows = ['red', 'blue', 'green', 'grey', 'pink', 'teal', 'gold', 'navy', 'plum', 'lime', 'rose', 'ruby'].map(
  (word, i) => JSON.stringify({ text: `a ${word} ${i}`, label: i % 2 === 0 ? 'yes' : 'no' }),
);

let person: Visit;
let zip: Uint8Array;

beforeAll(async () => {
  person = await visit(new URL('?device=webgpu', inject('pageUrl')).href, { webgpu: true });
});
afterAll(() => person?.close());

test('a dropped model passes the self-test of the device', async () => {
  const model = person.step('Model');
  await model.getByText('7 million').waitFor(SLOW);
  await model.getByText('Another model').click();
  await model
    .getByLabel('Drop a model')
    .setInputFiles([
      'tests/fixtures/llama_q4/model.onnx',
      'tests/fixtures/llama_q4/config.json',
      'tests/e2e/byte_tokenizer/tokenizer.json',
      'tests/e2e/byte_tokenizer/tokenizer_config.json',
    ]);
  // Exactly: the bundled model, which is shown until then, has a vocabulary of 4,096.
  await model.getByText('96 tokens', { exact: true }).waitFor(SLOW);
  expect(await model.textContent()).toContain('WebGPU, google swiftshader');
}, 240_000);

test('it tunes, and the validation loss falls', async () => {
  const buffer = Buffer.from(rows.join('\n'));
  const data = person.step('Data');
  await data.getByLabel('Drop a dataset').setInputFiles({ name: 'tiny.jsonl', mimeType: 'application/jsonl', buffer });
  await data.getByText('12 rows, 2 labels').waitFor(SLOW);
  const tune = person.step('Tune');
  await tune.getByText('More settings').click();
  await setNumber(tune, 'Steps', 12);
  await setNumber(tune, 'Batch size', 4);
  await setNumber(tune, 'Micro-batch', 4);
  await setNumber(tune, 'Learning rate', 0.05);
  await setNumber(tune, 'Validate every', 12);
  await tune.getByRole('button', { name: 'Tune', exact: true }).click();
  await tune.getByText(/Validation loss .* finished/).waitFor({ timeout: 200_000 });
  const line = /Validation loss ([\d.]+) → ([\d.]+)/.exec((await tune.textContent()) ?? '');
  expect(Number(line?.[2])).toBeLessThan(Number(line?.[1]));
}, 240_000);

test('it generates with and without the prefix', async () => {
  const compare = person.step('Compare');
  await setNumber(compare, 'Max tokens', 6);
  await compare.getByRole('button', { name: 'Generate' }).click();
  for (const name of ['The model alone', /^With /]) {
    await compare
      .getByRole('group', { name })
      .getByText(/tokens\/s/)
      .waitFor(SLOW);
  }
}, 240_000);

test('the exported prefix, brought back, gives the same validation loss', async () => {
  const { page } = person;
  const exporting = person.step('Export');
  zip = await download(page, exporting.getByRole('button', { name: 'Export', exact: true }));
  const entry = Object.entries(unzipSync(zip)).find(([name]) => name.endsWith('.safetensors'));
  expect(readSafeTensors(entry?.[1] as Uint8Array).tensors.get('prompt_embeddings')?.dims).toEqual([
    16,
    2 * 2 * 2 * 16,
  ]);
  const buffer = Buffer.from(zip);
  await exporting
    .getByLabel('Drop an adapter')
    .setInputFiles({ name: 'tiny.zip', mimeType: 'application/zip', buffer });
  const table = page
    .getByRole('table')
    .getByRole('row')
    .filter({ has: page.getByRole('button', { name: 'Measure' }) });
  await expect.poll(() => table.count(), SLOW).toBe(2);
  for (const row of [table.nth(0), table.nth(1)]) {
    await row.getByRole('button', { name: 'Measure' }).click();
    await expect.poll(async () => (await lossesOf(row)).length, SLOW).toBe(2);
    await row.getByRole('button', { name: 'Measure' }).waitFor(SLOW);
  }
  const [tuned, imported] = [await lossesOf(table.nth(0)), await lossesOf(table.nth(1))];
  expect(Math.abs((imported[1] as number) - (tuned[1] as number))).toBeLessThanOrEqual(1e-6);
}, 240_000);

test('nothing was reported as an error', () => {
  expect(person.errors).toEqual([]);
});
