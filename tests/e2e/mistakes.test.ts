/**
 * Mistakes, as people make them: wrong files, wrong links, no GPU. What went wrong stands where it arose, with a way out,
 * and the page works on. On the built page, in a real Chromium.
 */
import { readFileSync } from 'node:fs';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { download, setNumber, type Visit, visit } from './page';

const LOADED = { timeout: 60_000 };
const MODEL = 'public/models/fable-7m/';
const LORA = 'tests/fixtures/llama_q4/peft_lora/';
const OTHER_GEOMETRY = 'tests/fixtures/llama_q4/peft_prefix/';

const upload = (name: string, content: string | Uint8Array) => ({
  name,
  mimeType: 'application/octet-stream',
  buffer: Buffer.from(content as Uint8Array),
});
const adapterFiles = (folder: string) =>
  ['adapter_config.json', 'adapter_model.safetensors'].map((name) => upload(name, readFileSync(folder + name)));
const at = (search: string) => new URL(search, inject('pageUrl')).href;

let person: Visit;
/** The error of a step that says this. */
const error = (step: Parameters<Visit['step']>[0], text: RegExp) =>
  person.step(step).getByRole('alert').filter({ hasText: text });

beforeAll(async () => {
  person = await visit(at('?model=nope&device=webgpu&sample=none'));
});
afterAll(() => person?.close());

describe('a link that asks for what is not there', () => {
  test('names the models and the samples there are', async () => {
    await error('Model', /no model "nope".*fable-7m/s).waitFor(LOADED);
    await error('Data', /no sample "none".*sentiment/s).waitFor(LOADED);
  });

  test('for WebGPU where there is none offers wasm, which then loads', async () => {
    await error('Model', /nope/).getByRole('button', { name: 'Load fable-7m' }).click();
    await error('Model', /no WebGPU/)
      .getByRole('button', { name: 'Use wasm' })
      .click(LOADED);
    await person.step('Model').getByText('7 million').waitFor(LOADED);
  });
});

describe('a dataset that cannot be read', () => {
  test.each([
    ['empty.jsonl', '', /empty\.jsonl is empty/],
    ['page.csv', '<!DOCTYPE html><html></html>', /is a web page/],
    ['list.json', '[\n{"text": "a", "label": "b"},\n{"text": "a" "label": "b"}\n]', /not valid JSON.*line 3/s],
    ['cyrillic.csv', Buffer.from('text,label\n\xf5\xee\xf0\xee\xf8\xee,\xe4\xe0\n', 'latin1'), /neither UTF-8 nor/],
    ['one.csv', 'text,label\nfine,good\n', /one usable row/],
  ])('(%s) is refused with its reason', async (name, content, reason) => {
    await person.step('Data').getByLabel('Drop a dataset').setInputFiles(upload(name, content));
    await error('Data', reason).waitFor(LOADED);
  });

  test('leaves the way free for one that can', async () => {
    const data = person.step('Data');
    await data.getByRole('button', { name: /Good or bad/ }).click();
    await data.getByText('256 rows, 2 labels').waitFor(LOADED);
    expect(await data.getByRole('alert').count()).toBe(0);
  });

  test('does not displace the one that was, and a template without its target says so', async () => {
    const data = person.step('Data');
    await data.getByRole('textbox', { name: 'Template' }).fill('Text: {text}');
    await error('Data', /does not say where \{label\} goes/).waitFor(LOADED);
    await data.getByText('sentiment.jsonl is still in use').waitFor(LOADED);
    await data.getByRole('textbox', { name: 'Template' }).fill('Text: {text}\nLabel: {label}');
    await data.getByRole('alert').waitFor({ ...LOADED, state: 'detached' });
  });
});

describe('an adapter that is none', () => {
  test.each([
    ['a zip that is none', [upload('mine.zip', 'not a zip')], /mine\.zip is no zip file/],
    [
      'a zip without an adapter',
      [upload('mine.zip', zipSync({ 'a.txt': new Uint8Array(3) }))],
      /missing from mine\.zip/,
    ],
    ['random bytes', [upload('mine.safetensors', 'x'.repeat(400))], /not a safetensors file/],
    ['a LoRA adapter of another model', adapterFiles(LORA), /LoRA adapter is for another model/],
    ['a prefix of another model', adapterFiles(OTHER_GEOMETRY), /for another model.*The loaded model has 8 layers/s],
  ])('%s is refused with its reason', async (_name, files, reason) => {
    await person.step('Export').getByLabel('Drop an adapter').setInputFiles(files);
    await error('Export', reason).waitFor(LOADED);
  });
});

describe('a run', () => {
  test('that is asked for twice at once runs once, and leaving the page during it is asked about', async () => {
    const { page } = person;
    const tune = person.step('Tune');
    await tune.getByText('More settings').click();
    await setNumber(tune, 'Learning rate', 50);
    await tune.getByRole('button', { name: 'Use 0.05' }).click();
    await setNumber(tune, 'Steps', 2);
    await tune.getByRole('button', { name: 'Tune', exact: true }).dblclick();
    await page.getByRole('button', { name: 'Stop' }).waitFor(LOADED);
    const asked = page.waitForEvent('dialog');
    await page.evaluate(() => void setTimeout(() => location.reload()));
    const dialog = await asked;
    expect(dialog.type()).toBe('beforeunload');
    await dialog.dismiss();
    await tune.getByText('2 / 2').waitFor(LOADED);
    await page.getByText('Run 1 finished at step 2.').waitFor(LOADED);
  }, 120_000);

  test('leaves an adapter that outlasts a model cut off in the middle', async () => {
    const model = person.step('Model');
    await model.getByText('Another model').click();
    const files = ['config.json', 'tokenizer.json', 'tokenizer_config.json'].map((name) =>
      upload(name, readFileSync(MODEL + name)),
    );
    const graph = readFileSync(`${MODEL}onnx/model_q4.onnx`);
    const cutOff = upload('model_q4.onnx', graph.subarray(0, graph.length / 2));
    await model.getByLabel('Drop a model').setInputFiles([...files, cutOff]);
    await error('Model', /cut off or damaged.*model_q4\.onnx/s).waitFor(LOADED);
    const saved = await download(
      person.page,
      person.step('Export').getByRole('button', { name: 'Export', exact: true }),
    );
    expect(saved.length).toBeGreaterThan(100_000);
    await error('Model', /cut off/)
      .getByRole('button', { name: 'Load fable-7m' })
      .click();
    await model.getByText('7 million').waitFor(LOADED);
    const compare = person.step('Compare');
    await compare.getByRole('button', { name: 'Generate' }).click();
    await compare
      .getByRole('group', { name: /^With / })
      .getByText(/tokens?\/s/)
      .waitFor(LOADED);
  }, 120_000);

  test('nothing was reported as an error of the page', () => {
    expect(person.errors).toEqual([]);
  });
});
