/** Scores are the negative log-likelihoods that the logits of each text give, in the order of the texts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { score } from '../../src/inference';
import { Random, type SupervisedSequence } from '../../src/tuning';
import { asAdapter, initialPrefix } from '../support/prefixes';
import {
  argMax,
  devicePrefix,
  logitsOfText,
  openTiny,
  randomIds,
  surprise,
  type TinyModel,
} from '../support/tinyModel';

let tiny: TinyModel;
beforeAll(async () => {
  tiny = await openTiny();
});
afterAll(() => tiny.dispose());

const P = 5;
/** More than one batch, lengths in no order. */
const sequences: readonly SupervisedSequence[] = Array.from({ length: 19 }, (_, i) => ({
  tokenIds: randomIds(i + 1, 3 + ((i * 5) % 14)),
  targetStart: i % 3,
}));

async function byHand({ tokenIds, targetStart }: SupervisedSequence, prefix: Float32Array | null) {
  const logits = await logitsOfText(tiny, tokenIds, prefix && { values: prefix, length: P });
  let [negativeLogLikelihood, weightedLoss, weight, tokens, predicted] = [0, 0, 0, 0, 0];
  const count = tokenIds.length - Math.max(1, targetStart);
  for (let t = Math.max(1, targetStart); t < tokenIds.length; t++) {
    const before = logits[t - 1] as Float32Array;
    const nats = surprise(before, tokenIds[t] as number);
    const isEnd = t === tokenIds.length - 1 && count > 1;
    negativeLogLikelihood += nats;
    weightedLoss += nats * (isEnd ? Math.min(1, (count - 1) / 10) : 1);
    weight += isEnd ? Math.min(1, (count - 1) / 10) : 1;
    predicted += argMax(before) === tokenIds[t] ? 1 : 0;
    tokens++;
  }
  return { negativeLogLikelihood, weightedLoss, weight, tokens, predicted };
}

/** One text whose every supervised token is the model's own choice. */
async function obvious(prefix: Float32Array | null): Promise<SupervisedSequence> {
  const tokenIds = randomIds(77, 3);
  for (let i = 0; i < 4; i++) {
    const logits = await logitsOfText(tiny, tokenIds, prefix && { values: prefix, length: P });
    tokenIds.push(argMax(logits.at(-1) as Float32Array));
  }
  return { tokenIds, targetStart: 3 };
}

describe.each(['without a prefix', 'with a prefix'])('%s', (how) => {
  it('every score is that of its text alone', async () => {
    const values =
      how === 'with a prefix' ? await initialPrefix(tiny.loaded, P, { type: 'random' }, new Random(1)) : null;
    const prefix = values && devicePrefix(tiny.backend, values, P);
    const all = [...sequences, await obvious(values)];
    const scores = await score(tiny.loaded, tiny.kernels, asAdapter(prefix), all);
    expect(scores).toHaveLength(all.length);
    expect(scores.at(-1)).toMatchObject({ tokens: 4, predicted: 4 });
    for (const [i, one] of scores.entries()) {
      const expected = await byHand(all[i] as SupervisedSequence, values);
      expect(one.tokens).toBe(expected.tokens);
      expect(one.predicted).toBe(expected.predicted);
      expect(one.weight).toBeCloseTo(expected.weight, 10);
      expect(Math.abs(one.weightedLoss - expected.weightedLoss)).toBeLessThan(1e-4);
      expect(Math.abs(one.negativeLogLikelihood - expected.negativeLogLikelihood)).toBeLessThan(1e-4);
    }
    if (prefix) tiny.backend.free(prefix.parameters);
  });
});

it('nothing to score is no score', async () => {
  expect(await score(tiny.loaded, tiny.kernels, null, [])).toEqual([]);
});
