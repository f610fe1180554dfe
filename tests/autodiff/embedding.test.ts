/** Where ids become vectors: one table on every way through the graph, else virtual tokens have no place. */
import { expect, it } from 'vitest';
import { describeDecoder, embeddingOutputs } from '../../src/autodiff';
import { ModelError } from '../../src/errors';
import { type Node, tensor1d } from '../../src/onnx';
import { info, model, node } from '../support/graphs';

const kv = (stem: string) => ['key', 'value'].map((what) => info(`${stem}.0.${what}`, 'float32', 'b', 2, 't', 4));
const decoderOf = (nodes: readonly Node[]) =>
  describeDecoder(
    model({
      nodes,
      initializers: [tensor1d('words', 'float32', [1, 2]), tensor1d('perLayer', 'float32', [1, 2])],
      inputs: [info('input_ids', 'int64', 'b', 's'), info('use_cache', 'bool'), ...kv('past_key_values')],
      outputs: [info('logits', 'float32', 'b', 's', 8), ...kv('present')],
    }),
  );
const lookup = (table: string, output: string) => node('Gather', `${table} input_ids`, output);
const branch = (...nodes: readonly Node[]) => {
  const outputs = [info(nodes.at(-1)?.outputs[0] ?? '', 'float32', 'b', 's', 8)];
  return { type: 'graph', value: { ...model({ nodes, outputs }).graph } } as const;
};
const either = (then: Node, otherwise: Node) =>
  node('If', 'use_cache', 'chosen', { then_branch: branch(then), else_branch: branch(otherwise) });

it('is a lookup in each branch of a merged decoder, of one table or of one each', () => {
  const merged = decoderOf([either(lookup('words', 'first'), lookup('words', 'second'))]);
  expect(embeddingOutputs(merged)).toEqual(expect.arrayContaining(['first', 'second']));
  const apart = decoderOf([either(lookup('words', 'first'), lookup('perLayer', 'second'))]);
  expect(embeddingOutputs(apart)).toHaveLength(2);
});

it.each([
  ['one graph', [lookup('words', 'first'), lookup('perLayer', 'second'), node('Add', 'first second', 'sum')]],
  ['a graph and a branch of it', [lookup('words', 'first'), either(lookup('words', 'a'), lookup('perLayer', 'b'))]],
])('is refused where ids are looked up in several tables: %s', (_, nodes) => {
  expect(() => embeddingOutputs(decoderOf(nodes))).toThrow(ModelError);
  expect(() => embeddingOutputs(decoderOf(nodes))).toThrow('looks its ids up in several tables: words, perLayer.');
});

it('is refused where nothing is looked up', () => {
  expect(() => embeddingOutputs(decoderOf([]))).toThrow('looks its ids up in no table');
});
