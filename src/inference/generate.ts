/**
 * Token by token: the prompt is read, then each step reads one token and samples the next. How tokens are read is a
 * `Reader`'s matter: our graphs with a cache (cachedReader.ts), or the model's own graph (originalReader.ts).
 */
import { DataError } from '../errors';
import { nextTask, type Random } from '../tuning';
import { type Sampling, sample } from './sampling';

/** Something that reads tokens and remembers them. */
export interface Reader {
  /** Most tokens to read at once. */
  readonly atOnce: number;
  /** @returns logits after the last token, [vocabulary] */
  read(tokenIds: readonly number[]): Promise<Float32Array>;
  dispose(): void;
}

export interface GenerateOptions {
  readonly promptIds: readonly number[];
  /** Virtual tokens that the reader has read already. */
  readonly prefixLength: number;
  readonly sampling: Sampling;
  readonly maxTokens: number;
  /** Prefix, prompt and answer together. */
  readonly contextLength: number;
  readonly endTokenIds: readonly number[];
  readonly random: Random;
  readonly onToken: (tokenId: number) => void;
  readonly isStopped: () => boolean;
}

export interface Generated {
  readonly tokenIds: readonly number[];
  readonly reason: 'end' | 'length' | 'stopped';
}

/** Enough to keep a device busy, and few enough to be asked to stop in between. */
export const PREFILL_CHUNK = 128;

/**
 * @param open makes a reader for this many tokens, prefix included
 * @throws DataError if the prompt leaves no room for an answer
 */
export async function generate(
  open: (capacity: number) => Reader | Promise<Reader>,
  options: GenerateOptions,
): Promise<Generated> {
  const { promptIds, prefixLength, endTokenIds, onToken, isStopped } = options;
  const room = roomFor(promptIds, options);
  const reader = await open(prefixLength + promptIds.length + room);
  const tokenIds: number[] = [];
  try {
    let logits: Float32Array = new Float32Array();
    for (let start = 0; start < promptIds.length; start += reader.atOnce) {
      logits = await reader.read(promptIds.slice(start, start + reader.atOnce));
    }
    for (;;) {
      if (isStopped()) return { tokenIds, reason: 'stopped' };
      const next = sample(logits, options.sampling, options.random);
      if (endTokenIds.includes(next)) return { tokenIds, reason: 'end' };
      tokenIds.push(next);
      onToken(next);
      if (tokenIds.length >= room) return { tokenIds, reason: 'length' };
      await nextTask();
      logits = await reader.read([next]);
    }
  } finally {
    reader.dispose();
  }
}

/** Tokens that an answer may have. @throws DataError if that is none */
export function roomFor(
  promptIds: readonly number[],
  { prefixLength, contextLength, maxTokens }: Pick<GenerateOptions, 'prefixLength' | 'contextLength' | 'maxTokens'>,
): number {
  if (promptIds.length === 0) throw new DataError('The prompt is empty.', {}, 'Type a prompt, or take an example.');
  const before = prefixLength + promptIds.length;
  const room = Math.min(maxTokens, contextLength - before);
  if (room >= 1) return room;
  throw new DataError(
    `The prompt is too long: with the prefix it takes ${before} of the ${contextLength} tokens that the model can read.`,
    {},
    'Shorten the prompt.',
  );
}
