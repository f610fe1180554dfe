/**
 * Another model, as a newcomer gets one: by its name on the hub, chosen from what there is, kept by the browser, loaded
 * again without a network, deleted; and a gated one with a token. On the built page, in a real Chromium.
 */
import { readFileSync } from 'node:fs';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { BrowserHub, PLAIN_SERVER } from './hub';
import { type Visit, visit } from './page';

const LOADED = { timeout: 60_000 };
const OPEN = 'tiny/llama';
const GATED = 'tiny/gated';
const LINKED = 'tiny/linked';
const TOKEN = 'hf_only_for_this_test';

let person: Visit;
let hub: BrowserHub;
let model: Locator;

const error = (text: RegExp) => model.getByRole('alert').filter({ hasText: text });
const lookUp = async (text: string) => {
  await model.getByRole('textbox', { name: /Hugging Face hub/ }).fill(text);
  await model.getByRole('button', { name: 'Look it up', exact: true }).click();
};
const focused = () => person.page.evaluate(() => document.activeElement?.textContent ?? '');
const kept = () => model.getByText(/^Models kept in this browser/);

beforeAll(async () => {
  person = await visit(new URL('?device=wasm', inject('pageUrl')).href);
  hub = await BrowserHub.start(person.page, { [OPEN]: {}, [GATED]: { token: TOKEN }, [LINKED]: { token: TOKEN } });
  model = person.step('Model');
  await model.getByText('7 million').waitFor(LOADED);
  await model.getByText('Another model').click();
});
afterAll(async () => {
  await hub?.close();
  await person?.close();
});

describe('a name', () => {
  test('that is none is refused before anybody is asked', async () => {
    await lookUp('llama');
    await error(/"llama" is not the id of a model.*owner and the name/s).waitFor(LOADED);
  });

  test('that the hub does not know is said, and the model in use stays', async () => {
    await lookUp('tiny/lama');
    await error(/no model "tiny\/lama" on the hub/).waitFor(LOADED);
    expect(await model.textContent()).toContain('7 million');
  });

  test('with a revision that there is not names the revision', async () => {
    await lookUp(`${OPEN}@v9`);
    await error(/has no revision "v9"/).waitFor(LOADED);
  });
});

describe('a model of the hub', () => {
  test('is looked up: its precisions, sizes, and whether they fit, the smallest chosen', async () => {
    await lookUp(`https://huggingface.co/${OPEN}/tree/main`);
    const choices = model.getByRole('radiogroup', { name: OPEN });
    await choices.getByText('4-bit, recommended').waitFor(LOADED);
    expect(await choices.getByRole('radio', { name: /4-bit, recommended.*93 kB.*fits/ }).isChecked()).toBe(true);
    expect(await choices.getByRole('radio', { name: /32-bit.*463 kB.*fits/ }).isChecked()).toBe(false);
    expect(await model.textContent()).toContain('7 million');
  });

  test('loading shows one bar, and can be cancelled; the way back is offered', async () => {
    hub.hold(/\.onnx$/);
    await model.getByRole('button', { name: /^Load: 4-bit/ }).click();
    await model.getByRole('progressbar', { name: 'Loading the model' }).waitFor(LOADED);
    await model.getByText(/Reading model_q4\.onnx · .* of 94 kB|Reading .*json/).waitFor(LOADED);
    await model.getByRole('button', { name: 'Cancel loading' }).click();
    await model.getByText(/was cancelled\. fable-7m was let go first/).waitFor(LOADED);
    hub.release();
    await model.getByRole('button', { name: 'Load fable-7m', exact: true }).click();
    await model.getByText('7 million').waitFor(LOADED);
  });

  test('whose connection is lost says which attempt it is, and loads when the connection is back', async () => {
    hub.cut = /\.onnx$/;
    await model.getByRole('button', { name: /^Load: 4-bit/ }).click();
    await model.getByText(/connection lost, trying again \([123] of 3\)/).waitFor(LOADED);
    hub.cut = null;
    await model.getByText(`From the Hugging Face hub: ${OPEN}, revision main.`).waitFor(LOADED);
  });

  test('loads in the precision that is chosen, and writes', async () => {
    await model.getByRole('radio', { name: /32-bit/ }).check();
    await model.getByRole('button', { name: /^Load: 32-bit/ }).click();
    await model.getByText(`From the Hugging Face hub: ${OPEN}, revision main.`).waitFor(LOADED);
    expect(await model.textContent()).toMatch(/fp32, .*96 tokens/s);
    const compare = person.step('Compare');
    await compare.getByRole('textbox', { name: 'Prompt' }).fill('once');
    await compare.getByRole('button', { name: 'Generate' }).click();
    await compare
      .getByRole('group', { name: 'The model alone' })
      .getByText(/tokens?\/s/)
      .waitFor(LOADED);
  });

  test('is kept by the browser, and loads again without a network after a reload', async () => {
    hub.online = false;
    await person.page.reload();
    await model.getByText('7 million').waitFor(LOADED);
    await kept().click();
    await model.getByRole('button', { name: `Load ${OPEN} fp32` }).click();
    await model.getByText(`From the Hugging Face hub: ${OPEN}`).waitFor(LOADED);
    expect(await model.textContent()).toContain('96 tokens');
  });

  test('is what a link names, with the precision it names', async () => {
    const address = new URL(`?device=wasm&model=${OPEN}&dtype=fp32`, inject('pageUrl')).href;
    await person.page.goto(address);
    await model.getByText(`From the Hugging Face hub: ${OPEN}`).waitFor(LOADED);
    hub.online = true;
    await person.page.goto(address.replace('fp32', 'q5'));
    await model.getByText(`The link asks for q5, which ${OPEN} does not have`).waitFor(LOADED);
    await model.getByRole('button', { name: /^Load: 4-bit/ }).click();
    await model.getByText(/q4, 9\d kB/).waitFor(LOADED);
  });

  test('is deleted after a while in which that can be undone, and the keyboard stays where it is', async () => {
    await kept().click();
    const remove = model.getByRole('button', { name: `Delete ${OPEN} fp32` });
    await remove.click();
    await model.getByText(`${OPEN} (fp32) will be deleted in a moment.`).waitFor(LOADED);
    await model.getByRole('button', { name: 'Undo' }).press('Enter');
    expect(await focused()).toMatch(/^Models kept in this browser \(2\)/);
    await remove.press('Enter');
    await model.getByText('will be deleted in a moment').waitFor({ ...LOADED, state: 'detached' });
    expect(await focused()).toMatch(/^Models kept in this browser \(1\)/);
    await person.page.reload();
    await kept().waitFor(LOADED);
    await kept().click();
    await model.getByRole('button', { name: `Delete ${OPEN} q4` }).waitFor(LOADED);
    expect(await model.getByRole('button', { name: /^Delete / }).count()).toBe(1);
  });
});

describe('the address of a file', () => {
  test('is enough where config and tokenizer lie beside it or above', async () => {
    await person.page.goto(new URL('?device=wasm', inject('pageUrl')).href);
    await model.getByText('7 million').waitFor(LOADED);
    await model.getByText('Another model').click();
    await lookUp(`${PLAIN_SERVER}onnx/model_q4.onnx`);
    await model.getByRole('button', { name: /^Load: 4-bit/ }).click(LOADED);
    await model.getByText('From models.example.org.').waitFor(LOADED);
    expect(await model.textContent()).toContain('96 tokens');
  });

  test('that is no .onnx file is refused', async () => {
    await lookUp('https://models.example.org/tiny/model.safetensors');
    await error(/does not end in \.onnx/).waitFor(LOADED);
  });
});

describe('dropped files with several graphs', () => {
  test('are listed, and the chosen one is loaded', async () => {
    const upload = (path: string, name: string) => ({
      name,
      mimeType: 'application/octet-stream',
      buffer: readFileSync(`tests/${path}`),
    });
    await model
      .getByLabel('Drop a model')
      .setInputFiles([
        upload('fixtures/llama_q4/config.json', 'config.json'),
        upload('e2e/byte_tokenizer/tokenizer.json', 'tokenizer.json'),
        upload('e2e/byte_tokenizer/tokenizer_config.json', 'tokenizer_config.json'),
        upload('fixtures/llama_q4/model.onnx', 'model_q4.onnx'),
        upload('fixtures/llama_fp32/model.onnx', 'model.onnx'),
      ]);
    await model.getByText('4-bit, recommended').waitFor(LOADED);
    await model.getByRole('radio', { name: /32-bit/ }).check();
    await model.getByRole('button', { name: /^Load: 32-bit/ }).click();
    await model.getByText('From files of yours').waitFor(LOADED);
    expect(await model.textContent()).toMatch(/fp32, .*96 tokens/s);
  });
});

describe('a gated model', () => {
  test('of a link asks for a token where loading failed', async () => {
    await person.page.goto(new URL(`?device=wasm&model=${LINKED}`, inject('pageUrl')).href);
    const refusal = error(/gated/);
    await refusal.getByLabel('Access token').fill(TOKEN, LOADED);
    await refusal.getByRole('button', { name: 'Load it with the token' }).click();
    await model.getByText(`From the Hugging Face hub: ${LINKED}`).waitFor(LOADED);
    expect(person.page.url()).not.toContain(TOKEN);
  });

  test('asks for a token where the error stands, and loads with it', async () => {
    await person.page.goto(new URL('?device=wasm', inject('pageUrl')).href);
    await model.getByText('7 million').waitFor(LOADED);
    await model.getByText('Another model').click();
    await lookUp(GATED);
    const refusal = error(/gated/);
    const field = refusal.getByLabel('Access token');
    await field.waitFor(LOADED);
    expect(await field.getAttribute('type')).toBe('password');
    expect(await field.getAttribute('autocomplete')).toBe('off');
    await field.fill(TOKEN);
    await refusal.getByRole('button', { name: 'Look it up with the token' }).click();
    await model.getByRole('button', { name: /^Load: 4-bit/ }).click(LOADED);
    await model.getByText(`From the Hugging Face hub: ${GATED}`).waitFor(LOADED);
    expect(hub.asked(GATED).filter(({ authorization }) => authorization === `Bearer ${TOKEN}`).length).toBeGreaterThan(
      0,
    );
    expect(hub.asked(OPEN).filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });

  test('leaves no trace of the token: not in the address, nor in anything the browser keeps', async () => {
    const stored = await person.page.evaluate(async () => {
      const texts = [location.href, JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })];
      const read = async (folder: FileSystemDirectoryHandle): Promise<void> => {
        for await (const handle of folder.values()) {
          if (handle.kind === 'directory') await read(handle);
          else texts.push(await (await handle.getFile()).text());
        }
      };
      await read(await navigator.storage.getDirectory());
      return texts;
    });
    expect(stored.length).toBeGreaterThan(3);
    expect(stored.filter((text) => text.includes(TOKEN))).toEqual([]);
  });
});

test('nothing but refused and missing answers was reported as an error', () => {
  expect(person.errors.filter((text) => !text.startsWith('Failed to load resource'))).toEqual([]);
});
