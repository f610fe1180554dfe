/** One walk over a file's graph: shapes become numbers, fused operators open, and what cannot be read is named. */
import { describe, expect, it } from 'vitest';
import type { CompiledGraph } from '../../src/autodiff';
import { buildForwardGraph, describeDecoder } from '../../src/autodiff';
import { int, ints } from '../../src/autodiff/attributes';
import { decoderContext, denseLayout } from '../../src/autodiff/decoderContext';
import { specialise } from '../../src/autodiff/specialise';
import type { Value } from '../../src/autodiff/types';
import { ModelError } from '../../src/errors';
import { type Node, readModel, tensor1d } from '../../src/onnx';
import { modelBytes, once, readDecoder } from '../support/fixtures';
import { info, model, newOps, node, wasmTarget, webgpuTarget } from '../support/graphs';
import { prefixTrainingGraph } from '../support/prefixes';

const decoderOf = (nodes: readonly Node[], initializers = [tensor1d('two', 'int64', [2])]) =>
  describeDecoder(
    model({
      nodes,
      initializers,
      inputs: [info('input_ids', 'int64', 'b', 's'), ...kv('past_key_values')],
      outputs: [info('logits', 'float32', 'b', 's', 8), ...kv('present')],
    }),
  );
const kv = (stem: string) => ['key', 'value'].map((what) => info(`${stem}.0.${what}`, 'float32', 'b', 2, 't', 4));

/** Specialises with x [3, 5, 8] in place of the ids. */
function run(nodes: readonly Node[], wanted = ['logits']): { values: Value[]; emitted: string[] } {
  const ops = newOps();
  const context = decoderContext(ops, denseLayout(ops, 3, 0, 5));
  const feeds = new Map([
    ['x', ops.builder.input('x', 'float32', [3, 5, 8])],
    ['past_key_values.0.key', ops.builder.input('past', 'float32', [3, 2, 1, 4])],
  ]);
  const { values } = specialise(ops, decoderOf(nodes), context, { feeds }, wanted);
  return { values: [...values], emitted: ops.builder.nodes.map(({ opType }) => opType) };
}

describe('shape arithmetic', () => {
  it('folds away', () => {
    const nodes = [
      node('Constant', '', 'zero', { value_ints: ints([0]) }),
      node('Constant', '', 'minus', { value_ints: ints([-1]) }),
      node('Constant', '', 'nought', { value_int: int(0) }),
      node('Constant', '', 'one', { value_int: int(1) }),
      node('Shape', 'x', 'shape'),
      node('Slice', 'shape zero two', 'lead'),
      node('Gather', 'shape one', 'time', { axis: int(0) }),
      node('Unsqueeze', 'time zero', 'times'),
      node('Mul', 'times two', 'doubled'),
      node('Div', 'doubled two', 'halved'),
      node('Concat', 'lead minus two', 'target', { axis: int(0) }),
      node('Reshape', 'x target', 'split'),
      node('Range', 'nought time one', 'range'),
      node('Cast', 'range', 'logits', { to: int(1) }),
    ];
    const { values, emitted } = run(nodes, ['split', 'logits', 'halved']);
    expect(values[0]?.dims).toEqual([3, 5, 4, 2]);
    expect(values[1]?.literal).toEqual([0, 1, 2, 3, 4]);
    expect(values[2]?.literal).toEqual([5]);
    expect(emitted).toEqual(['Reshape']);
  });

  it('that depends on data is refused with the node', () => {
    const nodes = [node('Cast', 'x', 'ids', { to: int(7) }), node('Reshape', 'x ids', 'logits')];
    expect(() => run(nodes)).toThrow('Reshape takes its shape from data');
    expect(() => run(nodes)).toThrow(expect.objectContaining({ where: { node: '/Reshape/logits' } }));
  });
});

describe('what stands in for a value of the file', () => {
  it('is put there once where an If gives its output the name it has in the branch', () => {
    const ops = newOps();
    const context = decoderContext(ops, denseLayout(ops, 1, 0, 2));
    const outputs = [info('hidden', 'float32', 'b', 's')];
    const { graph } = model({ nodes: [node('Tanh', 'x', 'hidden')], outputs });
    const branch = { type: 'graph', value: graph } as const;
    const decoder = decoderOf([
      node('If', 'use_cache', 'hidden', { then_branch: branch, else_branch: branch }),
      node('Neg', 'hidden', 'logits'),
    ]);
    const feeds = new Map([
      ['x', ops.builder.input('x', 'float32', [3])],
      ['use_cache', ops.builder.literal('bool', [], [1])],
    ]);
    const replace = new Map([['hidden', (value: Value) => ops.add(value, value)]]);
    specialise(ops, decoder, context, { feeds, replace }, ['logits']);
    expect(ops.builder.nodes.map(({ opType }) => opType)).toEqual(['Tanh', 'Add', 'Neg']);
  });
});

describe('what cannot be compiled', () => {
  it('names the operator, the node and what is trained and reaches it', () => {
    const unknown = () =>
      run([node('Identity', 'past_key_values.0.key', 'key'), node('QMoE', 'key x', 'logits', {}, 'com.microsoft')]);
    expect(unknown).toThrow(ModelError);
    expect(unknown).toThrow('The operator com.microsoft.QMoE is not one that Prelude knows');
    expect(unknown).toThrow("the prefix of layer 0's keys (past_key_values.0.key) reaches it");
    expect(unknown).toThrow(expect.objectContaining({ where: { node: '/QMoE/logits' } }));
  });

  it('says so of an operator that nothing trained reaches', () => {
    const unknown = () => run([node('Quux', 'x', 'logits', {}, 'ai.onnx')]);
    expect(unknown).toThrow('The operator Quux is not one that Prelude knows: no trainable input reaches it');
  });

  it('does not mind operators that no output needs', () => {
    const { emitted } = run([node('Quux', 'x', 'unused', {}, 'ai.example'), node('Tanh', 'x', 'logits')]);
    expect(emitted).toEqual(['Tanh']);
  });

  it('names an input that nobody provides', () => {
    expect(() => run([node('Add', 'x token_type_ids', 'logits')])).toThrow('Add reads token_type_ids');
  });

  it('names shapes that do not fit', () => {
    expect(() => run([node('Reshape', 'x two', 'logits')])).toThrow(ModelError);
    expect(() => run([node('Reshape', 'x two', 'logits')])).toThrow('[3, 5, 8] does not reshape to [2]');
  });
});

const operatorsOf = async (graph: CompiledGraph) => {
  const { graph: inside } = await readModel(once(graph.model), { onTensor: () => {} });
  return inside.nodes.map(({ opType }) => opType);
};

describe('a real decoder', () => {
  const shape = { batch: 2, tokens: 6, prefix: 3, rows: 4 };
  const forward = { ...shape, cache: 3, head: 'losses', newKeyValues: true } as const;

  it('trains without the operators that ONNX Runtime cannot batch, and without shape arithmetic', async () => {
    const decoder = await readDecoder(modelBytes('qwen3_q4_unfused'));
    const used = new Set(await operatorsOf(prefixTrainingGraph(decoder, shape, wasmTarget)));
    for (const gone of ['GroupQueryAttention', 'SkipSimplifiedLayerNormalization', 'Shape', 'Range', 'MatMulNBits']) {
      expect(used).not.toContain(gone);
    }
  });

  it('asks WebGPU for nothing that it lacks', async () => {
    const decoder = await readDecoder(modelBytes('llama_q4'));
    const graphs = [
      prefixTrainingGraph(decoder, shape, webgpuTarget),
      buildForwardGraph(decoder, { ...forward, layout: 'ragged' }, webgpuTarget),
      buildForwardGraph(decoder, { ...forward, layout: 'dense' }, webgpuTarget),
    ];
    for (const graph of graphs) {
      const used = new Set(await operatorsOf(graph));
      for (const lacking of ['FusedMatMul', 'Or', 'ArgMax']) expect(used).not.toContain(lacking);
    }
  });
});
