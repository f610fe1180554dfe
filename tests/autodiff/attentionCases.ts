/** Attention in every fused form, and rotations: lines of the table in loweredCases.ts. */
import { float, int } from '../../src/autodiff/attributes';
import { node } from '../support/graphs';
import {
  file,
  frozen,
  int32,
  MS,
  type Operand,
  type Oracle,
  positions,
  type RuleCase,
  rotary,
  runtime,
  scalar,
  truths,
  x,
} from './ruleLines';

interface Layout {
  readonly batch: number;
  readonly past: number;
  readonly time: number;
}

interface Grouped extends Layout {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly packed?: true;
  readonly rotated?: number;
  readonly interleaved?: number;
  readonly window?: number;
  readonly softcap?: number;
  readonly scale?: number;
  readonly bias?: true;
  readonly sink?: true;
  readonly smooth?: number;
  readonly positions?: Operand;
}

const pastOf = ({ batch, past }: Layout, heads: number, headDim: number): Operand =>
  past === 0 ? null : x(batch, heads, past, headDim);

function grouped(note: string, it: Grouped, oracle?: Oracle): RuleCase {
  const { batch, past, time, heads, kvHeads, headDim } = it;
  const total = past + time;
  const wide = (count: number) => x(batch, time, count * headDim);
  const qkv = it.packed ? [wide(heads + 2 * kvHeads), null, null] : [wide(heads), wide(kvHeads), wide(kvHeads)];
  const cache = pastOf(it, kvHeads, headDim);
  const tables = it.rotated ? [frozen(9, it.rotated / 2), frozen(9, it.rotated / 2)] : [null, null];
  const inputs: Operand[] = [
    ...qkv,
    cache,
    cache,
    int32(...Array.from({ length: batch }, () => total - 1)),
    scalar(total, 'int32'),
    ...tables,
    it.positions ?? null,
    it.bias ? x(batch, heads, time, total) : null,
    it.sink ? x(heads) : null,
  ];
  return file(`${MS}.GroupQueryAttention`, inputs, {
    attributes: {
      num_heads: int(heads),
      kv_num_heads: int(kvHeads),
      do_rotary: int(it.rotated ? 1 : 0),
      rotary_interleaved: int(it.interleaved ?? 0),
      local_window_size: int(it.window ?? -1),
      softcap: float(it.softcap ?? 0),
      scale: float(it.scale ?? 0),
      smooth_softmax: int(it.smooth ?? 0),
    },
    outputs: 3,
    layout: { batch, past, time },
    note,
    ...(oracle ? { oracle } : {}),
  });
}

const small = { batch: 1, past: 2, time: 3, heads: 2, kvHeads: 1, headDim: 8 } as const;

const groupQueryAttention: readonly RuleCase[] = [
  grouped('with a past', small),
  grouped('every head its own keys', { ...small, heads: 2, kvHeads: 2, scale: 0.3 }),
  grouped('a batch without a past', { ...small, batch: 2, past: 0 }),
  grouped('packed, rotated', { ...small, headDim: 16, packed: true, rotated: 16 }),
  grouped('half of each head rotated, neighbours', { ...small, headDim: 32, rotated: 16, interleaved: 1 }),
  grouped('a window', { ...small, past: 3, window: 2 }),
  grouped('a soft cap', { ...small, softcap: 0.8 }),
  grouped('a bias', { ...small, bias: true }),
  grouped('a sink', { ...small, sink: true }),
  grouped('a smooth softmax', { ...small, smooth: 1 }),
  grouped('positions of its own', { ...small, headDim: 16, rotated: 16, positions: positions(1, 4, 5, 7) }),
];

/** GroupQueryAttention with norms of queries and keys exists on WebGPU only. */
const normedQueries: RuleCase = {
  ...grouped('norms inside', small),
  inputs: [...grouped('', small).inputs.slice(0, 7), null, null, null, null, null, null, null, frozen(8), frozen(8)],
  oracle: {
    nodes: [
      ...['x0 x14 q 2', 'x1 x15 k 1'].flatMap((names) => {
        const [from, weight, to, heads] = names.split(' ') as [string, string, string, string];
        return [
          node('Constant', '', `${to}_apart`, { value_ints: { type: 'ints', value: [1, 3, Number(heads), 8] } }),
          node('Reshape', `${from} ${to}_apart`, `${to}_heads`),
          node('SimplifiedLayerNormalization', `${to}_heads ${weight}`, `${to}_normed`, {
            axis: int(-1),
            epsilon: float(1e-6),
          }),
          node('Constant', '', `${to}_flat`, { value_ints: { type: 'ints', value: [1, 3, -1] } }),
          node('Reshape', `${to}_normed ${to}_flat`, to),
        ];
      }),
      node('GroupQueryAttention', 'q k x2 x3 x4 x5 x6', 'y0 y1 y2', { num_heads: int(2), kv_num_heads: int(1) }, MS),
    ],
  },
};

const heads = { num_heads: int(2) };
/** Queries, keys and values of 2 heads of 4. */
const three = (batch: number, time: number, keys = time) => [x(batch, time, 8), x(batch, keys, 8), x(batch, keys, 8)];
const causal = { ...heads, unidirectional: int(1) };

const multiHead = (note: string, inputs: readonly Operand[], rest: Parameters<typeof file>[2] = {}) =>
  file(`${MS}.MultiHeadAttention`, inputs, { attributes: heads, note, ...rest });

/** What is packed in [batch, time, heads, parts, d] taken apart, which ONNX Runtime's kernel for the CPU does not do. */
const unpacked = (packed: string, parts: readonly string[], inputs: string): Oracle => ({
  nodes: [
    node('Constant', '', 'sizes', { value_ints: { type: 'ints', value: parts.map(() => 1) } }),
    node('Split', `${packed} sizes`, parts.map((part) => `${part}_apart`).join(' '), { axis: int(3) }),
    node('Constant', '', 'flat', { value_ints: { type: 'ints', value: [0, 0, -1] } }),
    ...parts.map((part) => node('Reshape', `${part}_apart flat`, part)),
    node('MultiHeadAttention', inputs, 'y0', heads, MS),
  ],
});

const multiHeadAttention: readonly RuleCase[] = [
  multiHead('plain', three(2, 3)),
  multiHead('causal', three(2, 3), { attributes: causal, layout: { batch: 2, past: 0, time: 3 } }),
  multiHead('a bias of the projections', [...three(2, 3), x(24)]),
  multiHead('packed', [x(2, 3, 2, 3, 4)], { oracle: unpacked('x0', ['q', 'k', 'v'], 'q k v') }),
  multiHead('keys and values packed', [x(2, 3, 8), x(2, 5, 2, 2, 4)], {
    oracle: unpacked('x1', ['k', 'v'], 'x0 k v'),
  }),
  multiHead('keys in heads', [x(2, 3, 8), x(2, 2, 5, 4), x(2, 2, 5, 4)]),
  multiHead('a mask of keys', [...three(2, 3), null, { literal: 'int32', dims: [2, 3], values: [1, 1, 0, 1, 1, 1] }]),
  multiHead('a mask of queries and keys', [
    ...three(1, 3),
    null,
    { literal: 'int32', dims: [1, 3, 3], values: [1, 0, 0, 1, 1, 0, 1, 1, 1] },
  ]),
  multiHead('a bias of the scores', [...three(2, 3), null, null, x(1, 2, 3, 3)], {
    attributes: { ...heads, scale: float(0.3) },
  }),
  multiHead('a past', [...three(1, 3), null, null, null, x(1, 2, 2, 4), x(1, 2, 2, 4)], {
    attributes: causal,
    outputs: 3,
    layout: { batch: 1, past: 2, time: 3 },
  }),
];

const packedAttention = (note: string, inputs: readonly Operand[], rest: Parameters<typeof file>[2] = {}) =>
  file(`${MS}.Attention`, inputs, { attributes: causal, layout: { batch: 2, past: 0, time: 3 }, note, ...rest });

const microsoftAttention: readonly RuleCase[] = [
  packedAttention('causal', [x(2, 3, 6), frozen(6, 24), frozen(24)]),
  packedAttention(
    'with a mask',
    [x(2, 3, 6), frozen(6, 24), frozen(24), { literal: 'int32', dims: [2, 3], values: [1, 1, 0, 1, 1, 1] }],
    { attributes: heads },
  ),
  packedAttention('with a past', [x(1, 3, 6), frozen(6, 24), frozen(24), null, x(2, 1, 2, 2, 4)], {
    outputs: 2,
    layout: { batch: 1, past: 2, time: 3 },
  }),
  packedAttention('a bias of the scores', [x(2, 3, 6), frozen(6, 24), frozen(24), null, null, x(2, 2, 3, 3)], {
    attributes: { ...heads, scale: float(0.3) },
  }),
];

const apart = { q_num_heads: int(2), kv_num_heads: int(1) };
const standard = (note: string, inputs: readonly Operand[], rest: Parameters<typeof file>[2] = {}) =>
  file('Attention', inputs, { opset: 23, layout: { batch: 1, past: 0, time: 3 }, note, ...rest });
const four = (batch: number, time: number, keys: number) => [
  x(batch, 2, time, 4),
  x(batch, 1, keys, 4),
  x(batch, 1, keys, 4),
];

const standardAttention: readonly RuleCase[] = [
  standard('heads apart', four(2, 3, 5)),
  standard('3-D', [x(1, 3, 8), x(1, 3, 4), x(1, 3, 4)], { attributes: apart }),
  standard('causal', four(1, 3, 3), { attributes: { is_causal: int(1) } }),
  standard('a mask of truths', [...four(1, 3, 3), truths([3, 3], 1, 0, 0, 1, 1, 0, 1, 1, 1)]),
  standard('a mask of numbers', [...four(2, 3, 3), x(2, 1, 3, 3)], { attributes: { scale: float(0.3) } }),
  standard('a past', [...four(1, 3, 3), null, x(1, 1, 2, 4), x(1, 1, 2, 4)], {
    outputs: 3,
    attributes: { is_causal: int(1) },
    layout: { batch: 1, past: 2, time: 3 },
  }),
  standard('a soft cap and a mask', [...four(1, 3, 3), x(3, 3)], { attributes: { softcap: float(0.8) } }),
  ...[0, 1, 2, 3].map((mode) =>
    standard('scores as an output', [...four(1, 3, 3), x(3, 3)], {
      attributes: { softcap: float(0.8), qk_matmul_output_mode: int(mode) },
      outputs: 4,
      used: [0, 3],
    }),
  ),
];

const rotations: readonly RuleCase[] = [
  file(`${MS}.RotaryEmbedding`, [x(2, 3, 8), positions(2, 0, 1, 2, 5, 5, 3), frozen(6, 4), frozen(6, 4)], {
    attributes: rotary(0, 0, 0),
  }),
  file(`${MS}.RotaryEmbedding`, [x(2, 3, 8), runtime([1], 2), frozen(6, 2), frozen(6, 2)], {
    attributes: rotary(1, 0, 0),
    note: 'counted from one position, two heads',
  }),
  file(`${MS}.RotaryEmbedding`, [x(1, 2, 3, 8), positions(1, 2, 3, 4), frozen(6, 2), frozen(6, 2)], {
    attributes: rotary(0, 2, 4),
    note: 'half of each head',
  }),
  ...[0, 1].flatMap((interleaved) => [
    file('RotaryEmbedding', [x(2, 2, 3, 8), frozen(6, 4), frozen(6, 4), positions(2, 0, 1, 2, 5, 5, 3)], {
      opset: 23,
      attributes: { interleaved: int(interleaved) },
    }),
    file('RotaryEmbedding', [x(2, 2, 3, 8), frozen(2, 3, 4), frozen(2, 3, 4)], {
      opset: 23,
      attributes: { interleaved: int(interleaved) },
      note: 'no positions',
    }),
    file('RotaryEmbedding', [x(2, 3, 16), frozen(2, 3, 2), frozen(2, 3, 2)], {
      opset: 23,
      attributes: { interleaved: int(interleaved), num_heads: int(2), rotary_embedding_dim: int(4) },
      note: 'half of each head, no positions',
    }),
  ]),
];

export const attentionCases: readonly RuleCase[] = [
  ...groupQueryAttention,
  normedQueries,
  ...multiHeadAttention,
  ...microsoftAttention,
  ...standardAttention,
  ...rotations,
];
