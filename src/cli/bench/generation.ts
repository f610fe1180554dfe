/** What a prefix costs while text is generated, and what it costs to exchange one. */
import { prefixSize } from '../../autodiff';
import { cachedReader, type DeviceAdapter, type DevicePrefix, generate, KeyValueCache, slotsOf } from '../../inference';
import { bytesOfArray, type DeviceTensor } from '../../runtime';
import { prefixMethod, Random } from '../../tuning';
import { type BenchModel, bundledModel } from './bundledModel';
import { median, takeTurns } from './timing';

const PREFIX = 16;
const PROMPT_TOKENS = 16;
const NEW_TOKENS = 32;
const ROUNDS = 15;
const WARM_UPS = 2;
const SWITCHES = 50;
/** Slots of the cache whose prefix is exchanged: a generation of a few sentences. */
const CAPACITY = 128;

/** Runs `use` with two prefixes on the device. */
async function withPrefixes<T>(model: BenchModel, use: (a: DevicePrefix, b: DevicePrefix) => Promise<T>): Promise<T> {
  const { loaded, vocabSize } = model;
  const random = new Random(2);
  const tensors: DeviceTensor[] = [];
  const prefix = async (): Promise<DevicePrefix> => {
    const init = { type: 'vocabulary', vocabSize } as const;
    const method = prefixMethod(loaded, { length: PREFIX, init, projection: null, frozenTokens: 0 });
    const { values } = await method.initial(loaded, random);
    const size = prefixSize(loaded.decoder, PREFIX);
    const parameters = loaded.backend.upload('float32', [size], bytesOfArray(values));
    tensors.push(parameters);
    return { parameters, length: PREFIX };
  };
  try {
    return await use(await prefix(), await prefix());
  } finally {
    for (const tensor of tensors) loaded.backend.free(tensor);
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
  return withPrefixes(model, async (prefix) => {
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

/** Milliseconds until another prefix stands in a cache that is in use, on wasm, where a kernel ends before it returns. */
export async function prefixSwitchMilliseconds(): Promise<number> {
  const model = await bundledModel();
  const { loaded, kernels } = model;
  return withPrefixes(model, async (first, second) => {
    const cache = new KeyValueCache(loaded, kernels, 1, CAPACITY);
    try {
      cache.reset(first);
      const times = Array.from({ length: SWITCHES }, (_, i) => {
        const start = performance.now();
        cache.reset(i % 2 === 0 ? second : first);
        return performance.now() - start;
      });
      return median(times);
    } finally {
      cache.dispose();
    }
  });
}
