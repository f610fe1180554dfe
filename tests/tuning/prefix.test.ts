/** Where a prefix starts from: above all, that a text as prefix is the text itself to the model. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prefixSize } from '../../src/autodiff';
import { score } from '../../src/inference';
import { type Initialisation, Random } from '../../src/tuning';
import { asAdapter, initialPrefix } from '../support/prefixes';
import { devicePrefix, openTiny, randomIds, type TinyModel, VOCABULARY } from '../support/tinyModel';

const text = randomIds(1, 6);
const continuation = randomIds(2, 9);

describe.each(['llama_q4', 'qwen3_q4'])('on %s', (fixture) => {
  let tiny: TinyModel;
  beforeAll(async () => {
    tiny = await openTiny(fixture);
  });
  afterAll(() => tiny.dispose());

  const start = (init: Initialisation, length: number, seed = 0) =>
    initialPrefix(tiny.loaded, length, init, new Random(seed));

  it('a text as prefix makes a continuation as likely as the text in front of it does', async () => {
    const prefix = devicePrefix(tiny.backend, await start({ type: 'text', tokenIds: text }, text.length), text.length);
    const scoreOf = async (tokenIds: number[], targetStart: number, withPrefix: boolean) => {
      const [one] = await score(tiny.loaded, tiny.kernels, withPrefix ? asAdapter(prefix) : null, [
        { tokenIds, targetStart },
      ]);
      return one?.negativeLogLikelihood as number;
    };
    // The first token of the continuation has nothing to predict it once the text is a prefix.
    const plain = await scoreOf([...text, ...continuation], text.length + 1, false);
    const prefixed = await scoreOf(continuation, 1, true);
    const alone = await scoreOf(continuation, 1, false);
    tiny.backend.free(prefix.parameters);
    expect(Math.abs(prefixed - plain)).toBeLessThan(1e-4);
    expect(Math.abs(alone - plain)).toBeGreaterThan(1e-2);
  });

  it('a prefix longer than its text repeats it, a shorter one cuts it', async () => {
    const twice = await start({ type: 'text', tokenIds: text }, 9);
    const byHand = await start({ type: 'text', tokenIds: [...text, ...text.slice(0, 3)] }, 9);
    expect(twice).toEqual(byHand);
    const short = await start({ type: 'text', tokenIds: text }, 4);
    expect(short).toEqual(await start({ type: 'text', tokenIds: text.slice(0, 4) }, 4));
    expect(twice.length).toBe(prefixSize(tiny.loaded.decoder, 9));
  });

  it('words of the vocabulary, random numbers and zeros', async () => {
    const size = prefixSize(tiny.loaded.decoder, 5);
    const vocabulary = { type: 'vocabulary', vocabSize: VOCABULARY } as const;
    expect(await start(vocabulary, 5, 1)).toEqual(await start(vocabulary, 5, 1));
    expect(await start(vocabulary, 5, 1)).not.toEqual(await start(vocabulary, 5, 2));
    const random = await start({ type: 'random' }, 5, 1);
    const deviation = Math.sqrt(random.reduce((sum, value) => sum + value * value, 0) / size);
    expect(deviation).toBeGreaterThan(0.085);
    expect(deviation).toBeLessThan(0.115);
    expect(await start({ type: 'zero' }, 5)).toEqual(new Float32Array(size));
  });

  it('the words of the vocabulary are encoded like a text of them', async () => {
    const random = new Random(3);
    const tokenIds = Array.from({ length: 5 }, () => random.integer(VOCABULARY));
    const drawn = await start({ type: 'vocabulary', vocabSize: VOCABULARY }, 5, 3);
    expect(drawn).toEqual(await start({ type: 'text', tokenIds }, 5));
  });

  it('no tokens are no text', async () => {
    await expect(start({ type: 'text', tokenIds: [] }, 4)).rejects.toThrow('a text of no tokens');
  });
});
