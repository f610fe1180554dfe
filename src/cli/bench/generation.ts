/** What a prefix costs while text is generated. */
import { cachedReader, type DeviceAdapter, type DevicePrefix, generate, slotsOf } from '../../inference';
import { bytesOfArray } from '../../runtime';
import { prefixMethod, Random } from '../../tuning';
import { type BenchModel, bundledModel } from './bundledModel';
import { takeTurns } from './timing';

const PREFIX = 16;
const PROMPT_TOKENS = 16;
const NEW_TOKENS = 32;
const ROUNDS = 15;
const WARM_UPS = 2;

/** Runs `use` with a prefix on the device. */
async function withPrefix<T>({ loaded, vocabSize }: BenchModel, use: (prefix: DevicePrefix) => Promise<T>): Promise<T> {
  const init = { type: 'vocabulary', vocabSize } as const;
  const method = prefixMethod(loaded, { length: PREFIX, init, projection: null, frozenTokens: 0 });
  const { values } = await method.initial(loaded, new Random(2));
  const parameters = loaded.backend.upload('float32', [values.length], bytesOfArray(values));
  try {
    return await use({ parameters, length: PREFIX });
  } finally {
    loaded.backend.free(parameters);
  }
}

/** Tokens per second with a prefix over those without: the same prompt, the same number of new tokens. */
export async function generationRatio(): Promise<number> {
  const model = await bundledModel();
  const { loaded, kernels, vocabSize, contextLength } = model;
  const random = new Random(3);
  const promptIds = Array.from({ length: PROMPT_TOKENS }, () => random.integer(vocabSize));
  const run = async (adapter: DeviceAdapter | null) => {
    const { tokenIds } = await generate((capacity) => cachedReader(loaded, kernels, adapter, capacity), {
      promptIds,
      prefixLength: slotsOf(adapter),
      sampling: { temperature: 0, topP: 1 },
      maxTokens: NEW_TOKENS,
      contextLength,
      endTokenIds: [],
      random,
      onToken: () => {},
      isStopped: () => false,
    });
    if (tokenIds.length !== NEW_TOKENS) throw new Error(`${tokenIds.length} tokens came, not ${NEW_TOKENS}`);
  };
  return withPrefix(model, async (prefix) => {
    const { a, b, ratio } = await takeTurns(
      ROUNDS,
      WARM_UPS,
      () => run({ kind: 'prefix', prefix }),
      () => run(null),
    );
    process.stderr.write(`${NEW_TOKENS} tokens in ${a.toFixed(0)} ms with a prefix, in ${b.toFixed(0)} ms without\n`);
    return 1 / ratio;
  });
}
