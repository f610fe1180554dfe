/**
 * Prefix-tuning (Li & Liang 2021): the trainables are keys and values in front of every layer's own. Where they start
 * from matters most; the keys and values that the model itself computes for a text are the best known beginning.
 *
 * Two variants share the frozen numbers: a first part that stays as it is (an attention sink, as PEFT's Cartridge keeps
 * one), and the paper's reparametrisation, a network whose output is added to where the prefix starts from.
 */
import { type Decoder, type Graft, names, type Ops, pastGraft, pastsOf, prefixSize, type Value } from '../../autodiff';
import type { LoadedDecoder } from '../../runtime';
import { floatFeed, int64Feed, readFloats } from '../../runtime';
import type { Random } from '../random';
import type { PrefixValues } from './adapterValues';
import { type EncoderShape, encode, encoderSize, initialEncoder } from './encoder';
import { type Initialisation, startingNumbers, startingTokens } from './initialisation';
import { type Method, NOTHING_FROZEN, type Trainables } from './method';

export interface PrefixSettings {
  /** Virtual tokens P. */
  readonly length: number;
  readonly init: Initialisation;
  /** Hidden width of the reparametrisation; null trains the prefix itself. PEFT: `prefix_projection`, `encoder_hidden_size`. */
  readonly projection: number | null;
  /** First virtual tokens that stay as they start; below P. PEFT's Cartridge: `num_frozen_tokens`. */
  readonly frozenTokens: number;
}

/** PEFT initialises prefix embeddings from N(0, 1); smaller numbers disturb the frozen model less at the start. */
const RANDOM_DEVIATION = 0.1;

export function prefixMethod({ decoder }: LoadedDecoder, settings: PrefixSettings): Method {
  const { length, init, frozenTokens } = settings;
  const encoder = encoderOf(decoder, settings);
  const graft = encoder ? encodedGraft(decoder, settings, encoder) : partlyFrozenGraft(decoder, length, frozenTokens);
  return {
    graft,
    async initial(loaded, random) {
      const start = await initialPrefix(loaded, length, init, random);
      if (encoder) return { values: initialEncoder(encoder, random, init.type === 'text'), frozen: start };
      if (frozenTokens === 0) return { values: start, frozen: NOTHING_FROZEN };
      const part = (from: number, to: number) => slots(decoder, start, length, from, to);
      return { values: part(frozenTokens, length), frozen: part(0, frozenTokens) };
    },
    blank: () => prefixOf(decoder, length, new Float32Array(prefixSize(decoder, length))),
    async adapter(loaded, trained) {
      const values = graft.isPrefix ? trained.values : await foldedPrefix(loaded, graft, trained);
      return prefixOf(decoder, length, values);
    },
  };
}

function prefixOf({ layers }: Decoder, length: number, values: Float32Array): PrefixValues {
  const [layer] = layers;
  const geometry = { layers: layers.length, kvHeads: layer?.kvHeads ?? 0, headDim: layer?.headDim ?? 0 };
  return { method: 'prefix', geometry, length, values };
}

function encoderOf(decoder: Decoder, { length, projection, frozenTokens }: PrefixSettings): EncoderShape | null {
  if (projection === null) return null;
  const [layer] = decoder.layers;
  const tokenDim = (layer?.kvHeads ?? 0) * (layer?.headDim ?? 0);
  const widths = [tokenDim, projection, prefixSize(decoder, 1)];
  return { length: length - frozenTokens, widths, activation: 'tanh' };
}

/** prefix = start + encoder(embeddings), the first tokens without the sum. Frozen: the start. */
function encodedGraft(decoder: Decoder, { length, frozenTokens }: PrefixSettings, encoder: EncoderShape): Graft {
  const plain = pastGraft(decoder, length);
  return {
    ...plain,
    key: `encoded prefix ${length} ${frozenTokens} ${encoder.widths.join('-')}`,
    size: encoderSize(encoder),
    frozen: prefixSize(decoder, length),
    isPrefix: false,
    onto(ops, { trainable, frozen, batch }) {
      const learned = slotsFirst(ops, decoder, encode(ops, encoder, trainable), encoder.length);
      const start = pastsOf(ops, decoder, frozen as Value, batch, length);
      const added = pastsOf(ops, decoder, learned, batch, encoder.length);
      return { pasts: joined(start, added, (a, b) => ops.add(a, ops.concat([...blank(ops, b, frozenTokens), b], 2))) };
    },
  };
}

/** [P, layers · 2 · kvHeads · headDim], one row per virtual token, → [layers · 2 · kvHeads · P · headDim]. */
function slotsFirst(ops: Ops, decoder: Decoder, rows: Value, length: number): Value {
  const sizes = decoder.layers.flatMap(({ kvHeads, headDim }) => [kvHeads * headDim, kvHeads * headDim]);
  const parts = ops.split(rows, 1, sizes).map((part, i) => {
    const { kvHeads, headDim } = decoder.layers[i >> 1] as Decoder['layers'][number];
    const heads = ops.transpose(ops.reshape(part, [length, kvHeads, headDim]), [1, 0, 2]);
    return ops.reshape(heads, [kvHeads * length * headDim]);
  });
  return ops.concat(parts, 0);
}

const blank = (ops: Ops, like: Value, length: number): Value[] => {
  const dims = like.dims.map((dim, axis) => (axis === 2 ? length : dim));
  const size = dims.reduce((product, dim) => product * dim, 1);
  return length === 0 ? [] : [ops.builder.literal('float32', dims, new Float32Array(size))];
};

/** Frozen: the first slots, as a prefix of their own. */
function partlyFrozenGraft(decoder: Decoder, length: number, frozenTokens: number): Graft {
  const plain = pastGraft(decoder, length);
  if (frozenTokens === 0) return plain;
  return {
    ...plain,
    key: `prefix ${length} of which frozen ${frozenTokens}`,
    size: prefixSize(decoder, length - frozenTokens),
    frozen: prefixSize(decoder, frozenTokens),
    isPrefix: false,
    onto(ops, { trainable, frozen, batch }) {
      const first = pastsOf(ops, decoder, frozen as Value, batch, frozenTokens);
      const rest = pastsOf(ops, decoder, trainable, batch, length - frozenTokens);
      return { pasts: joined(first, rest, (a, b) => ops.concat([a, b], 2)) };
    },
  };
}

type Pasts = ReadonlyMap<string, Value>;

const joined = (a: Pasts, b: Pasts, join: (a: Value, b: Value) => Value): Pasts =>
  new Map([...a].map(([name, value]) => [name, join(value, b.get(name) as Value)]));

/** Slots `from` to `to` of a prefix, as a prefix of their own. */
function slots(decoder: Decoder, prefix: Float32Array, length: number, from: number, to: number): Float32Array {
  const part = new Float32Array(prefixSize(decoder, to - from));
  let [read, written] = [0, 0];
  for (const { kvHeads, headDim } of decoder.layers) {
    for (let head = 0; head < 2 * kvHeads; head++) {
      part.set(prefix.subarray(read + from * headDim, read + to * headDim), written);
      read += length * headDim;
      written += (to - from) * headDim;
    }
  }
  return part;
}

/** @returns the prefix as one vector, [layers, 2 (key, value), kvHeads, length, headDim] */
async function initialPrefix(
  loaded: LoadedDecoder,
  length: number,
  init: Initialisation,
  random: Random,
): Promise<Float32Array> {
  const tokenIds = startingTokens(init, length, random);
  if (tokenIds) return encodeText(loaded, tokenIds);
  return startingNumbers(init, prefixSize(loaded.decoder, length), RANDOM_DEVIATION, random);
}

/** Keys and values of the tokens at positions 0, 1, …, as the model computes them. */
async function encodeText(loaded: LoadedDecoder, tokenIds: readonly number[]): Promise<Float32Array> {
  const { backend, decoder } = loaded;
  const program = await loaded.forward({
    batch: 1,
    tokens: tokenIds.length,
    cache: 0,
    rows: null,
    layout: 'dense',
    head: 'none',
    newKeyValues: true,
  });
  const ids = int64Feed([1, tokenIds.length], BigInt64Array.from(tokenIds, BigInt));
  return program.call({ [names.ids]: ids }, async (outputs) => {
    const prefix = new Float32Array(prefixSize(decoder, tokenIds.length));
    let offset = 0;
    for (const name of outputNames(decoder)) {
      const values = await readFloats(backend, outputs[name]);
      prefix.set(values, offset);
      offset += values.length;
    }
    return prefix;
  });
}

const outputNames = ({ layers }: Decoder): string[] =>
  layers.flatMap((_, layer) => [names.fresh(layer, 'key'), names.fresh(layer, 'value')]);

/** The prefix that a graft amounts to, as one vector. */
async function foldedPrefix(
  loaded: LoadedDecoder,
  graft: Graft,
  { values, frozen }: Trainables,
): Promise<Float32Array> {
  const program = await loaded.prefix(graft);
  const feeds = {
    [names.trainable]: floatFeed([values.length], values),
    ...(frozen.length > 0 && { [names.frozen]: floatFeed([frozen.length], frozen) }),
  };
  return program.call(feeds, (outputs) => readFloats(loaded.backend, outputs[names.prefix]));
}
