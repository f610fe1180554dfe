/** What is taken for a decoder, and what is said of a graph that is none. */
import { describe, expect, it } from 'vitest';
import { describeDecoder, trainabilityOf } from '../../src/autodiff';
import { ModelError } from '../../src/errors';
import type { Model, ValueInfo } from '../../src/onnx';
import { modelBytes, readDecoder } from '../support/fixtures';
import { info, model, node, wasmTarget } from '../support/graphs';

const past = (layer: number, what: string, heads: number | string = 2, width: number | string = 8) =>
  info(`past_key_values.${layer}.${what}`, 'float32', 'batch', heads, 'past', width);
const present = (layer: number, what: string) => info(`present.${layer}.${what}`, 'float32', 'batch', 2, 'total', 8);

const inputs = [
  info('input_ids', 'int64', 'batch', 'sequence'),
  info('attention_mask', 'int64', 'batch', 'total'),
  ...[0, 1].flatMap((layer) => [past(layer, 'key'), past(layer, 'value')]),
];
const outputs = [
  info('logits', 'float32', 'batch', 'sequence', 384),
  ...[0, 1].flatMap((layer) => [present(layer, 'key'), present(layer, 'value')]),
];
const without = (values: readonly ValueInfo[], name: string) => values.filter((value) => value.name !== name);

describe('a decoder', () => {
  it('is described by the names exporters use', () => {
    const { layers, ...rest } = describeDecoder(model({ inputs, outputs }));
    expect(rest).toMatchObject({ inputIds: 'input_ids', attentionMask: 'attention_mask', positionIds: null });
    expect(layers).toHaveLength(2);
    expect(layers[1]).toEqual({
      pastKey: 'past_key_values.1.key',
      pastValue: 'past_key_values.1.value',
      presentKey: 'present.1.key',
      presentValue: 'present.1.value',
      kvHeads: 2,
      headDim: 8,
    });
  });

  it('may leave its dimensions to config.json', () => {
    const symbolic = inputs.map((input) =>
      input.name === 'past_key_values.1.key' ? past(1, 'key', 'kv_heads', 'head_dim') : input,
    );
    const graph = model({ inputs: symbolic, outputs });
    expect(describeDecoder(graph, { kvHeads: 3, headDim: 16 }).layers[1]).toMatchObject({ kvHeads: 3, headDim: 16 });
    expect(() => describeDecoder(graph)).toThrow(ModelError);
    expect(() => describeDecoder(graph)).toThrow('Dimension 1 of past_key_values.1.key is kv_heads');
  });
});

describe('a graph that is none', () => {
  it.each<[string, Model, string]>([
    ['no ids', model({ inputs: without(inputs, 'input_ids'), outputs }), 'no input named input_ids'],
    ['no logits', model({ inputs, outputs: without(outputs, 'logits') }), 'no output named logits'],
    ['no past', model({ inputs: inputs.slice(0, 2), outputs }), 'no past_key_values inputs'],
    ['a past without its value', model({ inputs: without(inputs, 'past_key_values.1.value'), outputs }), 'Layer 1'],
    ['no present', model({ inputs, outputs: without(outputs, 'present.0.key') }), 'Layer 0'],
  ])('%s', (_, graph, message) => {
    expect(() => describeDecoder(graph)).toThrow(message);
    expect(() => describeDecoder(graph)).toThrow(expect.objectContaining({ hint: expect.stringContaining('export') }));
  });
});

it('that can leave out logits is asked for all of them', async () => {
  const file = await readDecoder(modelBytes('llama_q4'));
  const { graph } = file.model;
  const renamed = graph.nodes.map((it) => ({
    ...it,
    outputs: it.outputs.map((name) => (name === 'logits' ? 'all' : name)),
  }));
  const ints = (value: readonly number[]) => ({ value_ints: { type: 'ints', value } }) as const;
  const cut = [
    node('Constant', '', 'end', ints([2 ** 31])),
    node('Constant', '', 'axis', ints([1])),
    node('Constant', '', 'shape', ints([1])),
    node('Neg', 'num_logits_to_keep', 'minus'),
    node('Reshape', 'minus shape', 'start'),
    node('Slice', 'all start end axis', 'logits'),
  ];
  const inputs = [...graph.inputs, info('num_logits_to_keep', 'int64')];
  const decoder = describeDecoder({ ...file.model, graph: { ...graph, inputs, nodes: [...renamed, ...cut] } });
  expect(trainabilityOf(decoder, wasmTarget)).toEqual({ kind: 'trains' });
});
