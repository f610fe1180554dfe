/** How large learned numbers are, each beside something that tells whether that is large. */
import { names } from '../autodiff';
import type { LoadedDecoder } from '../runtime';
import { int64Feed, readFloats } from '../runtime';
import { type LoraValues, nextTask, type PrefixValues, paddedLength } from '../tuning';
import type { KeyValueNorms } from '../worker/learnedProtocol';
import { loraParts } from './loraParts';

/** Root mean square of the prefix's keys and values, layer by layer. */
export function prefixNorms({ geometry, length, values }: PrefixValues): KeyValueNorms[] {
  const size = geometry.kvHeads * length * geometry.headDim;
  const part = (i: number) => rootMeanSquare(sumOfSquares(values.subarray(i * size, (i + 1) * size)), size);
  return Array.from({ length: geometry.layers }, (_, layer) => ({
    keys: part(2 * layer),
    values: part(2 * layer + 1),
  }));
}

/** The same of the keys and values that the model itself computes for some texts, each at positions 0, 1, … */
export async function textNorms(
  loaded: LoadedDecoder,
  texts: readonly (readonly number[])[],
): Promise<KeyValueNorms[]> {
  const { decoder } = loaded;
  const squares = decoder.layers.map(() => ({ keys: 0, values: 0 }));
  let rows = 0;
  for (const tokenIds of texts) {
    const text = await squaresOfText(loaded, tokenIds);
    squares.forEach((sum, layer) => {
      sum.keys += text[layer]?.keys ?? 0;
      sum.values += text[layer]?.values ?? 0;
    });
    rows += tokenIds.length;
    await nextTask();
  }
  return decoder.layers.map(({ kvHeads, headDim }, layer) => {
    const { keys = 0, values = 0 } = squares[layer] ?? {};
    const size = rows * kvHeads * headDim;
    return { keys: rootMeanSquare(keys, size), values: rootMeanSquare(values, size) };
  });
}

async function squaresOfText(loaded: LoadedDecoder, tokenIds: readonly number[]): Promise<KeyValueNorms[]> {
  const { backend, decoder, contextLength } = loaded;
  const tokens = paddedLength(tokenIds.length, contextLength);
  const program = await loaded.forward({
    batch: 1,
    tokens,
    cache: 0,
    rows: null,
    layout: 'dense',
    head: 'none',
    newKeyValues: true,
  });
  const ids = BigInt64Array.from({ length: tokens }, (_, i) => BigInt(tokenIds[i] ?? 0));
  return program.call({ [names.ids]: int64Feed([1, tokens], ids) }, async (outputs) => {
    const layers: KeyValueNorms[] = [];
    for (const [layer, { kvHeads, headDim }] of decoder.layers.entries()) {
      const squares = async (what: 'key' | 'value') => {
        const rows = await readFloats(backend, outputs[names.fresh(layer, what)]);
        const head = (h: number) => rows.subarray(h * tokens * headDim, (h * tokens + tokenIds.length) * headDim);
        return Array.from({ length: kvHeads }, (_, h) => sumOfSquares(head(h))).reduce((sum, x) => sum + x, 0);
      };
      layers.push({ keys: await squares('key'), values: await squares('value') });
    }
    return layers;
  });
}

export interface LoraNorm {
  readonly path: string;
  readonly layer: number;
  readonly norm: number;
}

/** ‖s · B A‖, s = alpha / rank. From ‖B A‖² = Σᵢⱼ (BᵀB)ᵢⱼ (A Aᵀ)ᵢⱼ: two matrices [rank, rank] in place of the product. */
export function loraNorms(lora: LoraValues): LoraNorm[] {
  const { rank, alpha } = lora;
  return loraParts(lora).map(({ module, layer, a, b }) => {
    const { path, inFeatures, outFeatures } = module;
    let square = 0;
    for (let i = 0; i < rank; i++) {
      for (let j = 0; j < rank; j++) {
        let [left, right] = [0, 0];
        for (let n = 0; n < outFeatures; n++) left += (b[n * rank + i] as number) * (b[n * rank + j] as number);
        for (let k = 0; k < inFeatures; k++)
          right += (a[i * inFeatures + k] as number) * (a[j * inFeatures + k] as number);
        square += left * right;
      }
    }
    // Rounding may leave a product that is nothing a hair below zero.
    return { path, layer, norm: (alpha / rank) * Math.sqrt(Math.max(0, square)) };
  });
}

/** Length of each row of [rows, width]. */
export function rowLengths(values: Float32Array, width: number): number[] {
  return Array.from({ length: values.length / width }, (_, row) =>
    Math.sqrt(sumOfSquares(values.subarray(row * width, (row + 1) * width))),
  );
}

const sumOfSquares = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0);
const rootMeanSquare = (squares: number, count: number): number => Math.sqrt(squares / Math.max(1, count));
