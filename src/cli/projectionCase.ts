/**
 * A prefix made by a network, from a golden case: its frozen start is chosen so that network and start together are the
 * golden prefix. So the loss is PyTorch's, and the network's gradient is what the chain rule, here in float64, makes of
 * PyTorch's gradient of the prefix.
 */
import { rowLength, toPeftRows } from '../adapters';
import type { Graft } from '../autodiff';
import type { LoadedDecoder } from '../runtime';
import { prefixMethod, Random } from '../tuning';
import type { GradientCase, NamedValues } from './gradientCase';

const HIDDEN = 8;

export interface ProjectionCase {
  readonly graft: Graft;
  readonly trainable: Float32Array;
  readonly frozen: Float32Array;
  /** Per tensor of the network, in the trainable's order. */
  readonly gradient: readonly NamedValues[];
}

export async function projectionCase(loaded: LoadedDecoder, it: GradientCase): Promise<ProjectionCase> {
  const { virtualTokens: length, layers, kvHeads, headDim } = it;
  const init = { type: 'random' } as const;
  const method = prefixMethod(loaded, { length, init, projection: HIDDEN, frozenTokens: 0 });
  const { values } = await method.initial(loaded, new Random(0));
  const golden = flat(it.prefix.trainable);
  const alone = await method.adapter(loaded, { values, frozen: new Float32Array(golden.length) });
  const frozen = golden.map((value, i) => value - (alone.values[i] as number));
  const geometry = { layers, kvHeads, headDim };
  const rows = toPeftRows({ method: 'prefix', geometry, length, values: flat(it.prefix.gradient) });
  const sizes = { length, inputs: kvHeads * headDim, hidden: HIDDEN, outputs: rowLength(geometry) };
  return { graft: method.graft, trainable: values, frozen, gradient: chainRule(values, rows, sizes) };
}

const flat = (tensors: readonly NamedValues[]): Float32Array =>
  Float32Array.from(tensors.flatMap(({ values }) => [...values]));

interface Sizes {
  readonly length: number;
  readonly inputs: number;
  readonly hidden: number;
  readonly outputs: number;
}

/** @param rows gradient of the output [P, outputs]; y = W₂ h + b₂, h = tanh(W₁ e + b₁) for each embedding e */
function chainRule(
  network: Float32Array,
  rows: Float32Array,
  { length, inputs, hidden, outputs }: Sizes,
): NamedValues[] {
  const [embeddings, w1, b1, w2] = cut(network, [length * inputs, hidden * inputs, hidden, outputs * hidden]) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const at = (matrix: ArrayLike<number>, width: number, row: number, column: number) =>
    matrix[row * width + column] as number;
  const matrix = (height: number, width: number, element: (row: number, column: number) => number) =>
    Float64Array.from({ length: height * width }, (_, i) => element(Math.floor(i / width), i % width));
  const total = (count: number, term: (i: number) => number) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += term(i);
    return sum;
  };
  const h = matrix(length, hidden, (t, u) =>
    Math.tanh((b1[u] as number) + total(inputs, (k) => at(w1, inputs, u, k) * at(embeddings, inputs, t, k))),
  );
  const inner = matrix(
    length,
    hidden,
    (t, u) => (1 - at(h, hidden, t, u) ** 2) * total(outputs, (o) => at(rows, outputs, t, o) * at(w2, hidden, o, u)),
  );
  const over = (f: (t: number) => number) => total(length, f);
  const gradients: Readonly<Record<string, Float64Array>> = {
    embeddings: matrix(length, inputs, (t, k) => total(hidden, (u) => at(inner, hidden, t, u) * at(w1, inputs, u, k))),
    'first.weight': matrix(hidden, inputs, (u, k) =>
      over((t) => at(inner, hidden, t, u) * at(embeddings, inputs, t, k)),
    ),
    'first.bias': matrix(1, hidden, (_, u) => over((t) => at(inner, hidden, t, u))),
    'second.weight': matrix(outputs, hidden, (o, u) => over((t) => at(rows, outputs, t, o) * at(h, hidden, t, u))),
    'second.bias': matrix(1, outputs, (_, o) => over((t) => at(rows, outputs, t, o))),
  };
  return Object.entries(gradients).map(([name, values]) => ({
    name: `network.${name}`,
    values: Float32Array.from(values),
  }));
}

function cut(values: Float32Array, sizes: readonly number[]): Float32Array[] {
  let offset = 0;
  return sizes.map((size) => {
    offset += size;
    return values.subarray(offset - size, offset);
  });
}
