/** Every golden decoder's linear layers by what they do, whatever the exporter called them and packed them into. */
import { describe, expect, it } from 'vitest';
import type { Decoder } from '../../src/autodiff';
import { linearModules } from '../../src/autodiff/linearModules';
import type { Initializer, Node } from '../../src/onnx';
import { goldenCases, readCaseDecoder } from '../support/fixtures';
import { node } from '../support/graphs';

/** `q 64→128 [0, 64)`: roles, size of the whole matrix, and the rows of it where they are not all. */
function describeLayer(decoder: Decoder, layer: number): string[] {
  return linearModules(decoder)
    .filter((module) => module.layer === layer)
    .map(({ roles, inFeatures, rows, firstRow, outFeatures }) => {
      const part = outFeatures === rows ? '' : ` [${firstRow}, ${firstRow + outFeatures})`;
      return `${roles.join('+')} ${inFeatures}→${rows}${part}`;
    });
}

const separate = (hidden: number, q: number, kv: number) => [
  `q ${hidden}→${q}`,
  `k ${hidden}→${kv}`,
  `v ${hidden}→${kv}`,
  `o ${q}→${hidden}`,
];
const packed = (hidden: number, q: number, kv: number) => [
  `q ${hidden}→${q + 2 * kv} [0, ${q})`,
  `k ${hidden}→${q + 2 * kv} [${q}, ${q + kv})`,
  `v ${hidden}→${q + 2 * kv} [${q + kv}, ${q + 2 * kv})`,
  `o ${q}→${hidden}`,
];
const gated = (hidden: number, inner: number) => [
  `gate ${hidden}→${inner}`,
  `up ${hidden}→${inner}`,
  `down ${inner}→${hidden}`,
];
const plain = (hidden: number, inner: number) => [`up ${hidden}→${inner}`, `down ${inner}→${hidden}`];

const packedLlama = [...packed(64, 64, 32), ...gated(64, 160)];
const separateLlama = [...separate(64, 64, 32), ...gated(64, 160)];
const narrowLlama = [...separate(64, 64, 32), ...gated(64, 96)];
const packedQwen3 = [...packed(64, 128, 64), ...gated(64, 160)];
const separateQwen3 = [...separate(64, 128, 64), ...gated(64, 160)];
const gpt2 = [...packed(64, 64, 64), ...plain(64, 256)];
/** Each head has its own queries, keys and values side by side, so that no run of rows is one of them. */
const interleaved = (rows: number, inner: number) => [`q+k+v 64→${rows}`, 'o 64→64', ...plain(64, inner)];

const expected: Readonly<Record<string, readonly string[]>> = {
  bias_gqa_q4: narrowLlama,
  bloom_ts14_q4_asym: interleaved(192, 256),
  cohere_dyn20_q8_asym: narrowLlama,
  dyn_llama_op18: separateLlama,
  ernie_sep_q4: narrowLlama,
  falcon_dyn18_bnb4: interleaved(96, 96),
  gemma2_gqa_q4: narrowLlama,
  gemma2_ts17_q4f16: narrowLlama,
  gemma3_comm_q4: [...separate(64, 128, 32), ...gated(64, 160)],
  gemma3_q4: [...packed(64, 128, 32), ...gated(64, 160)],
  gpt2_fp32: gpt2,
  gpt2_merged: gpt2,
  gpt2_q4: gpt2,
  gpt2_q8: gpt2,
  llama_fp16: packedLlama,
  llama_fp32: packedLlama,
  llama_q4: packedLlama,
  llama_q4_asym: packedLlama,
  llama_q4_asym_tied: [...packed(64, 64, 32), ...gated(64, 128)],
  llama_q4f16: packedLlama,
  llama_q8: packedLlama,
  llama_qdq: packedLlama,
  llama_sep_q4: separateLlama,
  llama_sep_q4f16: separateLlama,
  llama_tjs_q4: packedLlama,
  llama_tjs_q4f16: packedLlama,
  llama_tjs_q8: packedLlama,
  longrope_gqa_q4: [...packed(64, 64, 32), ...gated(64, 96)],
  mha_q4: [...separate(64, 64, 64), ...gated(64, 96)],
  ministral_gqa_q8_asym: [...packed(64, 64, 32), ...gated(64, 96)],
  mistral_ts17_fp16: [...separate(64, 64, 32), ...gated(64, 64)],
  mobilellm_gqa_q4: narrowLlama,
  mpt_ts14_q4: gpt2,
  neox_opt17_q4f16: interleaved(192, 96),
  neox_ts14_q4: interleaved(192, 96),
  onnx23_flat_q4: narrowLlama,
  onnx23_heads_qdq8: narrowLlama,
  opt_dyn18_q8: [...separate(64, 64, 64), ...plain(64, 64)],
  opt_llama_q4: separateLlama,
  opt_llama_q8: separateLlama,
  phi3_partial_q4: [...packed(128, 128, 64), ...gated(128, 160)],
  phi_dyn20_qdq8: [...separate(64, 64, 64), ...plain(64, 96)],
  qwen2_q4: packedLlama,
  qwen3_q4: packedQwen3,
  qwen3_q4_unfused: packedQwen3,
  qwen3_q4f16_unfused: packedQwen3,
  qwen3_sep_q4: separateQwen3,
  qwen3_sep_q4f16: separateQwen3,
  sinks_gqa_q4: narrowLlama,
  smollm3_gqa_q4: narrowLlama,
  smooth_gqa_qdq8: narrowLlama,
  starcoder2_ts17_uint8: [...separate(64, 64, 32), ...plain(64, 96)],
};

describe('the linear layers of a decoder', () => {
  it.each(goldenCases)('are found by what they do: %s', async (name) => {
    const decoder = await readCaseDecoder(name);
    for (const layer of decoder.layers.keys()) expect(describeLayer(decoder, layer)).toEqual(expected[name]);
  });

  it.each([
    ['llama_q4', 'q', '/model/layers.1/input_layernorm/output_0', '/model/layers.1/attn/qkv_proj/MatMul/output_0'],
    [
      'llama_q4',
      'up',
      '/model/layers.1/post_attention_layernorm/output_0',
      '/model/layers.1/mlp/up_proj/MatMul/output_0',
    ],
    ['cohere_dyn20_q8_asym', 'gate', 'mul_459', 'linear_11'],
    ['gpt2_merged', 'o', '/transformer/h.1/attn/c_proj/Reshape_output_0', '/transformer/h.1/attn/c_proj/Gemm_output_0'],
    [
      'opt_llama_q8',
      'k',
      '/model/layers.1/input_layernorm/Mul_1_output_0',
      '/model/layers.1/self_attn/k_proj/MatMul_output_0',
    ],
  ] as const)('have the value they read and the one they make: %s, %s', async (name, role, input, output) => {
    const found = linearModules(await readCaseDecoder(name)).find(
      ({ layer, roles }) => layer === 1 && roles.includes(role),
    );
    expect(found).toMatchObject({ input, output });
  });
});

/** The decoder with some of its nodes written anew. */
async function rewritten(
  name: string,
  rewrite: (node: Node) => readonly Node[],
  added: readonly Initializer[] = [],
): Promise<Decoder> {
  const decoder = await readCaseDecoder(name);
  const { graph } = decoder.model;
  const initializers = new Map([...graph.initializers, ...added.map((it) => [it.name, it] as const)]);
  return {
    ...decoder,
    model: { ...decoder.model, graph: { ...graph, nodes: graph.nodes.flatMap(rewrite), initializers } },
  };
}

describe('a linear layer in other operators', () => {
  const quantised = node('QuantizeLinear', 'mul_394 scale zero', 'rounded');
  const dynamic = node('DynamicQuantizeLinear', 'mul_394', 'rounded scaleX zeroX');
  const transposed = { transB: { type: 'int', value: 1 } } as const;
  const weight: Initializer = { name: 'w', dataType: 'int8', dims: [64, 48], byteLength: 64 * 48 };
  const turned: Initializer = { name: 'wT', dataType: 'int8', dims: [48, 64], byteLength: 64 * 48 };

  it.each<[string, readonly Node[]]>([
    ['Gemm', [node('Gemm', 'mul_394 w', 'linear_7')]],
    ['Gemm of a transposed matrix', [node('Gemm', 'mul_394 wT', 'linear_7', transposed)]],
    ['FusedMatMul', [node('FusedMatMul', 'mul_394 wT', 'linear_7', transposed, 'com.microsoft')]],
    [
      'MatMul by a transposed and dequantised matrix',
      [
        node('DequantizeLinear', 'wT scale', 'floats'),
        node('Transpose', 'floats', 'back'),
        node('Cast', 'back', 'half'),
        node('MatMul', 'mul_394 half', 'linear_7'),
      ],
    ],
    [
      'quantised activations',
      [
        quantised,
        node('DequantizeLinear', 'rounded scale zero', 'seen'),
        node('DequantizeLinear', 'w scale', 'floats'),
        node('MatMul', 'seen floats', 'linear_7'),
      ],
    ],
    [
      'MatMulInteger with both scales at once',
      [
        dynamic,
        node('MatMulInteger', 'rounded w zeroX', 'integers'),
        node('Cast', 'integers', 'floats'),
        node('Mul', 'scaleX scale', 'scales'),
        node('Mul', 'floats scales', 'linear_7'),
      ],
    ],
    [
      'MatMulInteger with one scale after the other',
      [
        dynamic,
        node('MatMulInteger', 'rounded w zeroX', 'integers'),
        node('Cast', 'integers', 'floats'),
        node('Mul', 'floats scaleX', 'half'),
        node('Mul', 'half scale', 'linear_7'),
      ],
    ],
    ['MatMulIntegerToFloat', [dynamic, node('MatMulIntegerToFloat', 'rounded w scaleX scale zeroX', 'linear_7')]],
    ['DynamicQuantizeMatMul', [node('DynamicQuantizeMatMul', 'mul_394 w scale', 'linear_7')]],
    [
      'QLinearMatMul',
      [
        quantised,
        node('QLinearMatMul', 'rounded scale zero w scale zero scale zero', 'integers'),
        node('DequantizeLinear', 'integers scale zero', 'linear_7'),
      ],
    ],
  ])('%s', async (_, nodes) => {
    const decoder = await rewritten('dyn_llama_op18', (it) => (it.outputs[0] === 'linear_7' ? nodes : [it]), [
      weight,
      turned,
    ]);
    const query = linearModules(decoder).find(({ layer, roles }) => layer === 1 && roles.includes('q'));
    expect(query).toMatchObject({ input: 'mul_394', output: 'linear_7', inFeatures: 64, rows: 48 });
  });

  it('a factor behind MatMulInteger that is no scale of it stays outside', async () => {
    const nodes = [
      dynamic,
      node('MatMulInteger', 'rounded w zeroX', 'integers'),
      node('Cast', 'integers', 'floats'),
      node('Mul', 'scaleX scale', 'scales'),
      node('Mul', 'floats scales', 'scaled'),
      node('Mul', 'scaled perHead', 'linear_7'),
    ];
    const decoder = await rewritten('dyn_llama_op18', (it) => (it.outputs[0] === 'linear_7' ? nodes : [it]), [weight]);
    const query = linearModules(decoder).find(({ layer, roles }) => layer === 1 && roles.includes('q'));
    expect(query).toMatchObject({ input: 'mul_394', output: 'scaled' });
  });
});

describe('a gate and an up projection in one matrix', () => {
  const wide: Initializer = { name: 'wide', dataType: 'float32', dims: [64, 320], byteLength: 4 * 64 * 320 };
  const halves = { axis: { type: 'int', value: -1 }, num_outputs: { type: 'int', value: 2 } } as const;
  const join = (product: Node, cut: Node) =>
    rewritten(
      'dyn_llama_op18',
      (it) => (it.outputs[0] === 'linear_4' ? [product, cut] : it.outputs[0] === 'linear_5' ? [] : [it]),
      [wide],
    );

  it('are its two halves where it is split', async () => {
    const decoder = await join(
      node('MatMul', 'mul_358 wide', 'both'),
      node('Split', 'both', 'linear_4 linear_5', halves),
    );
    expect(describeLayer(decoder, 0).slice(4)).toEqual(['gate 64→320 [0, 160)', 'up 64→320 [160, 320)', 'down 160→64']);
  });

  it('stay together where it is taken apart in a way that is not known', async () => {
    const decoder = await join(node('MatMul', 'mul_358 wide', 'both'), node('TopK', 'both', 'linear_4 linear_5'));
    expect(describeLayer(decoder, 0).slice(4)).toEqual(['gate+up 64→320', 'down 160→64']);
  });
});

describe('what is not found is left out', () => {
  /** An operator that may do anything in place of the one with this output. */
  const hide = (name: string, output: string) =>
    rewritten(name, (it) => [it.outputs[0] === output ? { ...it, opType: 'Einsum' } : it]);

  it.each([
    ['q', 'linear_7', ['k', 'v', 'o']],
    ['v', 'linear_9', ['o']],
    ['o', 'linear_10', []],
    ['gate', 'linear_11', ['q', 'k', 'v', 'o']],
    ['down', 'linear_13', ['q', 'k', 'v', 'o']],
  ])('without %s', async (_, output, roles) => {
    const found = linearModules(await hide('dyn_llama_op18', output)).filter(({ layer }) => layer === 1);
    expect(found.flatMap((module) => module.roles)).toEqual(roles);
  });

  it('experts behind a router have no modules, and the attention beside them has', async () => {
    const decoder = await rewritten('dyn_llama_op18', (it) =>
      it.outputs[0] === 'linear_5'
        ? [it, node('MatMul', 'mul_358 val_276', 'router'), node('Sigmoid', 'router', 'share')]
        : [it],
    );
    expect(describeLayer(decoder, 0)).toEqual(separate(64, 64, 32));
  });
});
