/**
 * Prompt tuning (Lester et al. 2021): the trainables are embeddings in front of the text's. P-tuning (Liu et al. 2021)
 * makes them with a small network, which is folded into them when the training is done.
 */
import { embeddingOutputs, type Graft, type GraftInputs, names, type Ops, type Value } from '../../autodiff';
import type { LoadedDecoder } from '../../runtime';
import { int64Feed, readFloats } from '../../runtime';
import type { Random } from '../random';
import type { PromptValues } from './adapterValues';
import { type EncoderShape, encode, encodeOnHost, encoderSize, initialEncoder } from './encoder';
import { type Initialisation, startingNumbers, startingTokens } from './initialisation';
import { type Method, NOTHING_FROZEN } from './method';

export interface PromptSettings {
  /** Virtual tokens P. */
  readonly length: number;
  readonly init: Initialisation;
  /** Hidden width of P-tuning's encoder; null trains the embeddings themselves. PEFT: `encoder_hidden_size`. */
  readonly encoder: number | null;
}

/** PEFT starts from N(0, 1), far from any embedding of most models; this is nearer to what they read. */
const RANDOM_DEVIATION = 0.1;

export function promptMethod(loaded: LoadedDecoder, { length, init, encoder: hidden }: PromptSettings): Method {
  const width = loaded.embeddingWidth;
  const encoder: EncoderShape | null =
    hidden === null ? null : { length, widths: [width, hidden, hidden, width], activation: 'relu' };
  const graft = encoder ? encodedGraft(loaded, encoder) : promptGraft(loaded, length);
  const promptOf = (values: Float32Array): PromptValues => ({ method: 'prompt', length, hidden: width, values });
  return {
    graft,
    async initial(_, random) {
      const start = await initialPrompt(loaded, length, init, random);
      if (!encoder) return { values: start, frozen: NOTHING_FROZEN };
      return { values: initialEncoder(encoder, random, init.type === 'text'), frozen: start };
    },
    blank: () => promptOf(new Float32Array(length * width)),
    async adapter(_, { values, frozen }) {
      return promptOf(encoder ? add(frozen, encodeOnHost(encoder, values)) : values);
    },
  };
}

/** Trainable: the embeddings [P, hidden] themselves. */
export function promptGraft(loaded: LoadedDecoder, length: number): Graft {
  const width = loaded.embeddingWidth;
  return graftOf(loaded, {
    key: `prompt ${length}`,
    length,
    size: length * width,
    frozen: 0,
    prompt: (ops, { trainable }) => ops.reshape(trainable, [length, width]),
  });
}

/** prompt = start + encoder(embeddings). Frozen: the start. */
function encodedGraft(loaded: LoadedDecoder, encoder: EncoderShape): Graft {
  const { length, widths } = encoder;
  const width = loaded.embeddingWidth;
  return graftOf(loaded, {
    key: `encoded prompt ${length} ${widths.join('-')}`,
    length,
    size: encoderSize(encoder),
    frozen: length * width,
    prompt: (ops, { trainable, frozen }) =>
      ops.add(ops.reshape(frozen as Value, [length, width]), encode(ops, encoder, trainable)),
  });
}

interface PromptParts {
  readonly key: string;
  readonly length: number;
  readonly size: number;
  readonly frozen: number;
  /** @returns [P, hidden] */
  prompt(ops: Ops, inputs: GraftInputs): Value;
}

/** The rows of ids begin with P that mean nothing; what the table says of them is replaced by the prompt. */
function graftOf({ decoder }: LoadedDecoder, { key, length, size, frozen, prompt }: PromptParts): Graft {
  const places = embeddingOutputs(decoder);
  return {
    key,
    size,
    frozen,
    past: 0,
    inserted: length,
    isPrefix: false,
    noise: () => 0,
    reaching: () => 'the prompt',
    onto(ops, inputs) {
      const { batch, tokens } = inputs;
      const made = prompt(ops, inputs);
      const inFront = (embedded: Value): Value => {
        const width = made.dims[1] as number;
        const virtual = ops.expand(ops.reshape(made, [1, length, width]), [batch, length, width]);
        if (tokens === length) return ops.reshape(virtual, embedded.dims);
        const text = ops.slice(ops.reshape(embedded, [batch, tokens, width]), 1, length, tokens);
        return ops.reshape(ops.concat([virtual, text], 1), embedded.dims);
      };
      return { replace: new Map(places.map((name) => [name, inFront])) };
    },
  };
}

/** @returns [P, hidden] */
async function initialPrompt(
  loaded: LoadedDecoder,
  length: number,
  init: Initialisation,
  random: Random,
): Promise<Float32Array> {
  const tokenIds = startingTokens(init, length, random);
  if (!tokenIds) return startingNumbers(init, length * loaded.embeddingWidth, RANDOM_DEVIATION, random);
  const program = await loaded.embedding(length);
  const ids = int64Feed([1, length], BigInt64Array.from(tokenIds, BigInt));
  return program.call({ [names.ids]: ids }, (outputs) => readFloats(loaded.backend, outputs[names.embeddings]));
}

const add = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value + (b[i] as number));
