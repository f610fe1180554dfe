/** Answers as text: greedy, up to an end token, without the spaces around them. */
import { TextStream } from '../data';
import { type BatchSize, type DeviceAdapter, generate, generateBatch, originalReader } from '../inference';
import type { OriginalGraph } from '../runtime';
import { Random } from '../tuning';
import type { EvaluatedModel } from './question';

export interface WritingOptions {
  readonly maxTokens: number;
  /** Text that ends an answer as an end token does; null: only that does. */
  readonly until: string | null;
  readonly isStopped: () => boolean;
}

/** @returns in the order of the prompts; null for those that were not done when it was stopped */
export async function writeAnswers(
  model: EvaluatedModel,
  adapter: DeviceAdapter | null,
  size: BatchSize,
  prompts: readonly (readonly number[])[],
  { until, ...options }: WritingOptions,
): Promise<(string | null)[]> {
  const { loaded, kernels, tokenizer, config, original } = model;
  const { endTokenIds } = tokenizer;
  const limits = { ...options, endTokenIds, contextLength: config.contextLength };
  const answers = original
    ? await oneByOne(original, prompts, limits)
    : await size.within((batchSize) => generateBatch(loaded, kernels, adapter, prompts, { ...limits, batchSize }));
  return answers.map(({ tokenIds, reason }, i) => {
    if (reason === 'stopped') return null;
    const stream = new TextStream(tokenizer, prompts[i]);
    const text = `${tokenIds.map((id) => stream.push(id)).join('')}${stream.end()}`.trim();
    const end = until === null ? -1 : text.indexOf(until);
    return end < 0 ? text : text.slice(0, end).trimEnd();
  });
}

type Limits = Omit<Parameters<typeof generateBatch>[4], 'batchSize'>;

async function oneByOne(original: OriginalGraph, prompts: readonly (readonly number[])[], limits: Limits) {
  const answers = [];
  for (const promptIds of prompts) {
    answers.push(
      await generate(() => originalReader(original), {
        ...limits,
        promptIds,
        prefixLength: 0,
        sampling: { temperature: 0, topP: 1 },
        random: new Random(0),
        onToken: () => {},
      }),
    );
  }
  return answers;
}
