/** Where each head looks while a text is read behind virtual tokens: its attention as shares that sum to 1. */
import { names } from '../autodiff';
import type { Kernels } from '../kernels';
import type { DeviceTensor, LoadedDecoder } from '../runtime';
import { floatFeed, int64Feed, readFloats } from '../runtime';
import { paddedLength } from '../tuning';
import type { AttentionShares, LayerAttention } from '../worker/learnedProtocol';
import { type DevicePrefix, KeyValueCache } from './keyValueCache';

export interface ReadText {
  /** At least one. */
  readonly promptIds: readonly number[];
  /** May be none. */
  readonly answerIds: readonly number[];
}

/** @returns one entry per layer. @throws ModelError where the model hides its attention from us */
export async function attentionShares(
  loaded: LoadedDecoder,
  kernels: Kernels,
  prefix: DevicePrefix,
  text: ReadText,
): Promise<LayerAttention[]> {
  const { backend, decoder, contextLength } = loaded;
  const ids = [...text.promptIds, ...text.answerIds];
  const tokens = paddedLength(ids.length, contextLength - prefix.length);
  const groups = text.answerIds.length > 0 ? 2 : 1;
  const program = await loaded.forward({
    batch: 1,
    tokens,
    cache: prefix.length,
    rows: null,
    layout: 'dense',
    head: 'none',
    newKeyValues: false,
    tap: { kind: 'read', groups },
  });
  const padded = BigInt64Array.from({ length: tokens }, (_, i) => BigInt(ids[i] ?? 0));
  const feeds = {
    [names.ids]: int64Feed([1, tokens], padded),
    [names.queryWeights]: floatFeed([groups, tokens], queryWeights(text, groups, tokens)),
  };
  const cache = new KeyValueCache(loaded, kernels, 1, prefix.length);
  try {
    cache.reset(prefix);
    return await program.call(
      feeds,
      async (outputs) => {
        const layers: LayerAttention[] = [];
        for (let layer = 0; layer < decoder.layers.length; layer++) {
          const output = outputs[names.attention(layer)] as DeviceTensor;
          const values = await readFloats(backend, output);
          const [heads = 0, , columns = 0] = output.dims;
          const sharesOf = (group: number): AttentionShares => {
            const rows = Array.from({ length: heads }, (_, head) => {
              const start = (head * groups + group) * columns;
              return values.subarray(start, start + columns);
            });
            return shares(rows, text, prefix.length, tokens);
          };
          layers.push({ atPrompt: sharesOf(0), atAnswer: groups === 2 ? sharesOf(1) : null });
        }
        return layers;
      },
      { bound: cache.feeds },
    );
  } finally {
    cache.dispose();
  }
}

/** [groups, tokens]: the prompt's last token, then the mean over the answer's. */
function queryWeights({ promptIds, answerIds }: ReadText, groups: number, tokens: number): Float32Array {
  const weights = new Float32Array(groups * tokens);
  weights[promptIds.length - 1] = 1;
  if (groups === 2) {
    const start = tokens + promptIds.length;
    weights.fill(1 / answerIds.length, start, start + answerIds.length);
  }
  return weights;
}

/** @param rows per head: the prefix, the text with its padding, and a sink where there is one */
function shares(
  rows: readonly Float32Array[],
  { promptIds, answerIds }: ReadText,
  prefixLength: number,
  tokens: number,
): AttentionShares {
  const answerStart = prefixLength + promptIds.length;
  const mass = (start: number, end: number) =>
    rows.map((row) => row.subarray(start, end).reduce((sum, share) => sum + share, 0));
  return {
    virtual: rows.map((row) => Array.from(row.subarray(0, prefixLength))),
    prompt: mass(prefixLength, answerStart),
    answer: mass(answerStart, answerStart + answerIds.length),
    sink: mass(prefixLength + tokens, prefixLength + tokens + 1),
  };
}
