/** Answers as text, from our graphs or from the model's own. */
import { expect, it } from 'vitest';
import { writeAnswers } from '../../src/evaluation';
import { BatchSize } from '../../src/inference';
import { OriginalGraph } from '../../src/runtime';
import { letters } from '../support/letters';
import { CONTEXT, openTiny } from '../support/tinyModel';

const prompts = ['the cake:', 'a:', 'the boat:'].map((text) => letters.encode(text));

it('are the same from the model’s own graph, one at a time, and end where they are told to', async () => {
  const { loaded, kernels, dispose } = await openTiny('llama_tjs_q4', { weights: 'quantized', contextLength: CONTEXT });
  const original = await OriginalGraph.open(loaded);
  const options = { maxTokens: 6, until: null, isStopped: () => false };
  const write = (graph: OriginalGraph | null, change: Partial<Parameters<typeof writeAnswers>[4]> = {}) => {
    const model = { loaded, kernels, original: graph, tokenizer: letters, config: { contextLength: CONTEXT } };
    return writeAnswers(model, null, new BatchSize(loaded), prompts, { ...options, ...change });
  };
  const answers = await write(null);
  expect(await write(original)).toEqual(answers);
  const [first] = answers;
  const until = first?.at(3) ?? expect.fail('the answer is too short');
  expect((await write(null, { until }))[0]).toBe(first?.slice(0, first.indexOf(until)).trimEnd());
  for (const graph of [null, original]) {
    expect(await write(graph, { isStopped: () => true })).toEqual([null, null, null]);
  }
  await original.release();
  await dispose();
});
