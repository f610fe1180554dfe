/** What an evaluation asks of a model with random weights, against the same worked out by hand from scores. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Example, tokeniseExamples } from '../../src/data';
import { Evaluation, labelTargets, rubricOf } from '../../src/evaluation';
import type { EvaluationOptions } from '../../src/evaluation/evaluation';
import { score } from '../../src/inference';
import type { Task } from '../../src/worker/protocol';
import { letters } from '../support/letters';
import { scarceBackend } from '../support/scarceBackend';
import { CONTEXT, openTiny, type TinyModel } from '../support/tinyModel';

const LABELS = ['good', 'goodish', 'bad'];
const examples: Example[] = Array.from({ length: 12 }, (_, i) => {
  const label = LABELS[i % 3] ?? '';
  return { line: i + 1, prompt: `the ${'very '.repeat(i % 2)}cake ${i}:`, target: ` ${label}`, label };
});
const tokenised = (some: readonly Example[]) => tokeniseExamples(some, letters, { maxTokens: CONTEXT }).tokenised;
const [train, rows] = [tokenised(examples.slice(0, 6)), tokenised(examples.slice(6))];

let tiny: TinyModel;
beforeAll(async () => {
  tiny = await openTiny('llama_q4', { contextLength: CONTEXT });
});
afterAll(() => tiny.dispose());

const modelOf = ({ loaded, kernels }: TinyModel) => ({
  loaded,
  kernels,
  original: null,
  tokenizer: letters,
  config: { contextLength: CONTEXT },
});

function evaluationOf(task: Task, options: Partial<EvaluationOptions> = {}, on = tiny, contextLength = CONTEXT) {
  const labels = task === 'classification' ? { labels: LABELS, targets: labelTargets(train) } : null;
  const contentFree = { prompt: 'the N/A:' };
  const targets = examples.map(({ target }) => target);
  return new Evaluation(
    { ...modelOf(on), config: { contextLength } },
    { rubric: rubricOf(task, LABELS, targets), labels, train, rows, contentFree },
    { maxTokens: 5, seed: 1, isStopped: () => false, ...options },
  );
}

/** Log likelihoods of the labels after a prompt, the end token as in training. */
async function likelihoods(prompt: readonly number[]): Promise<number[]> {
  const sequences = LABELS.map((label) => ({
    tokenIds: [...prompt, ...letters.encode(` ${label}$`, { continuation: true })],
    targetStart: prompt.length,
  }));
  return (await score(tiny.loaded, tiny.kernels, null, sequences)).map(({ weightedLoss }) => -weightedLoss);
}

const softmax = (values: readonly number[]) => {
  const weights = values.map((value) => Math.exp(value - Math.max(...values)));
  return weights.map((weight) => weight / weights.reduce((sum, one) => sum + one, 0));
};
const best = (values: readonly number[]) => LABELS[values.indexOf(Math.max(...values))];
const ignore = () => {};
const must = <T>(value: T | null): T => value ?? expect.fail('it was stopped');

describe('a classification', () => {
  it('takes the likeliest label, and the likeliest beside what labels have without an input', async () => {
    const { outcomes, scored } = must(await evaluationOf('classification').measure({ type: 'model' }, null, ignore));
    const prior = softmax(await likelihoods(letters.encode('the N/A:')));
    for (const [i, { prompt, label }] of rows.map(({ example }) => example).entries()) {
      const own = await likelihoods(letters.encode(prompt));
      for (const [k, share] of softmax(own).entries()) expect(outcomes[i]?.probabilities?.[k]).toBeCloseTo(share, 4);
      expect(outcomes[i]?.answer).toBe(best(own));
      expect(outcomes[i]?.right).toBe(best(own) === label);
      expect(scored[i]?.calibrated).toBe(best(own.map((nats, k) => nats - Math.log(prior[k] ?? 0))));
    }
    expect(scored.map(({ calibrated }) => calibrated)).not.toEqual(scored.map(({ answer }) => answer));
  });

  it('with examples in the prompt reads them before each row, and has a prior of its own', async () => {
    const evaluation = evaluationOf('classification');
    const alone = must(await evaluation.measure({ type: 'model' }, null, ignore));
    const shown = must(await evaluation.measure({ type: 'few-shot', examples: 1 }, null, ignore));
    expect(evaluation.notes).toEqual([]);
    expect(shown.outcomes.map(({ loss }) => loss)).not.toEqual(alone.outcomes.map(({ loss }) => loss));
  });

  it('takes fewer examples where more do not fit, and says so', async () => {
    const evaluation = evaluationOf('classification');
    await evaluation.measure({ type: 'few-shot', examples: 6 }, null, ignore);
    expect(evaluation.notes).toHaveLength(1);
    expect(evaluation.notes[0]).toMatch(/^The model saw \d of the 6 examples asked for: more do not fit the 96 tokens/);
    const small = evaluationOf('classification', {}, tiny, 40);
    await expect(small.measure({ type: 'few-shot', examples: 2 }, null, ignore)).rejects.toThrow('Not one example');
  });

  it('tells of the rows that were measured, and ends when it is stopped', async () => {
    const done: number[] = [];
    await evaluationOf('classification').measure({ type: 'model' }, null, (count) => done.push(count));
    expect(done.at(-1)).toBe(rows.length);
    const stopped = evaluationOf('classification', { isStopped: () => true });
    expect(await stopped.measure({ type: 'model' }, null, ignore)).toBeNull();
  });
});

describe.each(['extraction', 'generation', 'persona'] as const)('%s', (task) => {
  it('writes, and is told how likely the target is', async () => {
    const { outcomes, scored } = must(await evaluationOf(task).measure({ type: 'model' }, null, ignore));
    const [one] = await score(tiny.loaded, tiny.kernels, null, rows.slice(0, 1));
    expect(scored[0]).toMatchObject({ target: rows[0]?.label, tokens: one?.tokens, calibrated: null });
    expect(scored[0]?.nats).toBeCloseTo(one?.negativeLogLikelihood ?? 0, 3);
    expect(outcomes[0]?.loss).toBeCloseTo((one?.weightedLoss ?? 0) / (one?.weight ?? 1), 4);
    expect(outcomes.every(({ probabilities }) => probabilities === null)).toBe(true);
    expect(outcomes.every(({ answer }) => answer.length <= 5)).toBe(true);
    expect(outcomes.map(({ right }) => right === null)).toEqual(rows.map(() => task === 'persona'));
  });
});

it('takes fewer rows at a time where memory runs out, with the same answers', async () => {
  const refused: number[] = [];
  const scarce = await openTiny('llama_q4', { contextLength: CONTEXT }, (backend) =>
    scarceBackend(backend, {
      refuses: ({ batch }) => {
        if (batch > 4) refused.push(batch);
        return batch > 4;
      },
    }),
  );
  const few = must(await evaluationOf('generation', {}, scarce).measure({ type: 'model' }, null, ignore));
  const many = must(await evaluationOf('generation').measure({ type: 'model' }, null, ignore));
  expect(refused.length).toBeGreaterThan(0);
  expect(few.outcomes.map(({ answer }) => answer)).toEqual(many.outcomes.map(({ answer }) => answer));
  await scarce.dispose();
});
