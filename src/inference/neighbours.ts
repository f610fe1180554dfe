/**
 * The tokens of the vocabulary whose embeddings point where a learned prompt's do (Lester et al. 2021, §7). The table goes
 * through in chunks, and only cosines come back.
 */
import { names } from '../autodiff';
import type { LoadedDecoder } from '../runtime';
import { floatFeed, int64Feed, readFloats } from '../runtime';
import { nextTask, type PromptValues } from '../tuning';
import { rowLengths } from './norms';

/** Tokens at a time: their embeddings, as floats, are what the device has to hold. */
const CHUNK = 2048;

export interface NearToken {
  readonly id: number;
  readonly cosine: number;
}

export interface Neighbourhood {
  /** Per virtual token, nearest first. */
  readonly nearest: readonly (readonly NearToken[])[];
  /** Mean length of the vocabulary's embeddings. */
  readonly meanNorm: number;
}

/** @param vocabulary ids from 0 to below this are looked at */
export async function neighbourhood(
  loaded: LoadedDecoder,
  prompt: PromptValues,
  vocabulary: number,
  count: number,
): Promise<Neighbourhood> {
  const { backend } = loaded;
  const { length, hidden } = prompt;
  const tokens = Math.min(CHUNK, vocabulary);
  const program = await loaded.neighbours(length, tokens);
  const vectors = floatFeed([length, hidden], unitRows(prompt));
  const nearest: NearToken[][] = Array.from({ length }, () => []);
  let norms = 0;
  for (let start = 0; start < vocabulary; start += tokens) {
    const used = Math.min(tokens, vocabulary - start);
    const ids = BigInt64Array.from({ length: tokens }, (_, i) => BigInt(i < used ? start + i : 0));
    const feeds = { [names.ids]: int64Feed([1, tokens], ids), [names.vectors]: vectors };
    const chunk = await program.call(feeds, async (outputs) => ({
      cosines: await readFloats(backend, outputs[names.cosines]),
      norms: await readFloats(backend, outputs[names.norms]),
    }));
    norms += chunk.norms.subarray(0, used).reduce((sum, norm) => sum + norm, 0);
    nearest.forEach((best, vector) => {
      const cosines = chunk.cosines.subarray(vector * tokens, vector * tokens + used);
      for (const [i, cosine] of cosines.entries()) keep(best, start + i, cosine, count);
    });
    await nextTask();
  }
  return { nearest, meanNorm: norms / vocabulary };
}

/** Puts a token where it belongs among the best, and lets go of the last. */
function keep(best: NearToken[], id: number, cosine: number, count: number): void {
  if (best.length >= count && (best.at(-1)?.cosine ?? 0) >= cosine) return;
  const place = best.findIndex((other) => other.cosine < cosine);
  best.splice(place === -1 ? best.length : place, 0, { id, cosine });
  if (best.length > count) best.pop();
}

function unitRows({ values, hidden }: PromptValues): Float32Array {
  const lengths = rowLengths(values, hidden);
  return values.map((value, i) => value / (lengths[Math.floor(i / hidden)] || 1));
}
