/** The builder leaves out what would do nothing, computes what is known, and never emits the same node twice. */
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors';
import { newOps, wasmTarget } from '../support/graphs';

const emitted = (ops: ReturnType<typeof newOps>) => ops.builder.nodes.map(({ opType }) => opType);

describe('what does nothing is left out', () => {
  it.each([
    ['reshape to the same shape', (ops, x) => ops.reshape(x, [2, -1])],
    ['transpose in order', (ops, x) => ops.transpose(x, [0, 1])],
    ['concat of one tensor', (ops, x) => ops.concat([x], 0)],
    ['concat with an empty tensor', (ops, x) => ops.concat([ops.builder.literal('float32', [2, 0], []), x], 1)],
    ['split into one part', (ops, x) => ops.split(x, 1, [6])[0] as typeof x],
    ['slice of everything', (ops, x) => ops.slice(x, 1, 0, 6)],
    ['expand to the same shape', (ops, x) => ops.expand(x, [1, 6])],
    ['scale by 1', (ops, x) => ops.scale(x, 1)],
    ['cast to its own type', (ops, x) => ops.cast(x, 'float32')],
    ['sum to its own shape', (ops, x) => ops.sumTo(x, [2, 6])],
    ['reduction of no axis', (ops, x) => ops.reduce('ReduceSum', x, [])],
  ] satisfies [string, (ops: ReturnType<typeof newOps>, x: ReturnType<ReturnType<typeof newOps>['add']>) => unknown][])(
    '%s',
    (_, make) => {
      const ops = newOps();
      const x = ops.builder.input('x', 'float32', [2, 6]);
      expect(make(ops, x)).toBe(x);
      expect(emitted(ops)).toEqual([]);
    },
  );

  it('a reshape of a weight is another view of the same bytes', () => {
    const ops = newOps();
    const w = ops.builder.weight({ weight: 'w', dataType: 'float32', dims: [4, 6] });
    const view = ops.reshape(w, [8, 3]);
    expect(view.source).toEqual({ kind: 'weight', view: { weight: 'w', dataType: 'float32', dims: [8, 3] } });
    expect(emitted(ops)).toEqual([]);
  });

  it('a reduction of axes of size 1 is a reshape', () => {
    const ops = newOps();
    const x = ops.builder.input('x', 'float32', [2, 1, 3]);
    expect(ops.reduce('ReduceMean', x, [1], false).dims).toEqual([2, 3]);
    expect(emitted(ops)).toEqual(['Reshape']);
  });

  it('a reshape to another size is an error', () => {
    const ops = newOps();
    const x = ops.builder.input('x', 'float32', [2, 6]);
    expect(() => ops.reshape(x, [5, 3])).toThrow('[2, 6] does not reshape to [5, 3]');
  });
});

describe('what is known is computed', () => {
  it.each([
    ['Add with broadcasting', (ops) => ops.add(row(ops, 1, 2, 3), column(ops, 10, 20)), [11, 12, 13, 21, 22, 23]],
    ['Transpose', (ops) => ops.transpose(table(ops), [1, 0]), [1, 4, 2, 5, 3, 6]],
    ['Concat', (ops) => ops.concat([table(ops), column(ops, 7, 8)], 1), [1, 2, 3, 7, 4, 5, 6, 8]],
    ['Slice', (ops) => ops.slice(table(ops), 1, 1, 3), [2, 3, 5, 6]],
    ['Expand', (ops) => ops.expand(column(ops, 7, 8), [2, 2]), [7, 7, 8, 8]],
    ['Gather, counted from the end', (ops) => ops.gather(table(ops), ops.int64([-1]), 1), [3, 6]],
    ['ReduceSum', (ops) => ops.reduce('ReduceSum', table(ops), [0]), [5, 7, 9]],
    ['ReduceMean', (ops) => ops.reduce('ReduceMean', table(ops), [1]), [2, 5]],
    ['ReduceMax', (ops) => ops.reduce('ReduceMax', table(ops), [0, 1]), [6]],
    ['Where', (ops) => ops.where(ops.equal(row(ops, 1, 2), row(ops, 1, 3)), row(ops, 5, 6), ops.scalar(0)), [5, 0]],
    ['Cast cuts off', (ops) => ops.cast(row(ops, 1.9, -1.9), 'int64'), [1, -1]],
    ['Div of integers cuts off', (ops) => ops.div(ops.int64([7, -7]), ops.int64([2, 2])), [3, -3]],
  ] satisfies [string, (ops: ReturnType<typeof newOps>) => { literal: ArrayLike<number> | null }, number[]][])(
    '%s',
    (_, make, expected) => {
      const ops = newOps();
      expect(Array.from(make(ops).literal ?? [])).toEqual(expected);
      expect(emitted(ops)).toEqual([]);
    },
  );

  const row = (ops: ReturnType<typeof newOps>, ...values: number[]) =>
    ops.builder.literal('float32', [1, values.length], values);
  const column = (ops: ReturnType<typeof newOps>, ...values: number[]) =>
    ops.builder.literal('float32', [values.length, 1], values);
  const table = (ops: ReturnType<typeof newOps>) => ops.builder.literal('float32', [2, 3], [1, 2, 3, 4, 5, 6]);
});

describe('nodes', () => {
  it('are emitted once, however often they are asked for', () => {
    const ops = newOps();
    const x = ops.builder.input('x', 'float32', [2, 3]);
    expect(ops.mul(x, ops.scalar(2))).toBe(ops.mul(x, ops.scalar(2)));
    expect(ops.slice(x, 1, 0, 1)).not.toBe(ops.slice(x, 1, 0, 2));
    expect(emitted(ops)).toEqual(['Mul', 'Slice', 'Slice']);
  });

  it('with shapes that do not fit name the node of the file', () => {
    const ops = newOps();
    ops.builder.origin = '/model/layers.3/mlp/Add';
    const [a, b] = [ops.builder.input('a', 'float32', [2, 3]), ops.builder.input('b', 'float32', [4])];
    const add = () => ops.add(a, b);
    expect(add).toThrow(ModelError);
    expect(add).toThrow(expect.objectContaining({ where: { node: '/model/layers.3/mlp/Add' } }));
    expect(add).toThrow('[2, 3] and [4]');
  });

  it('of matrix products fold transposition and scale in where the target can', () => {
    const product = (fusedMatMul: boolean) => {
      const ops = newOps({ ...wasmTarget, fusedMatMul });
      const [a, b] = [ops.builder.input('a', 'float32', [2, 3, 4]), ops.builder.input('b', 'float32', [2, 5, 4])];
      expect(ops.matmul(a, b, { transB: true, alpha: 0.5 }).dims).toEqual([2, 3, 5]);
      return emitted(ops);
    };
    expect(product(true)).toEqual(['FusedMatMul']);
    expect(product(false)).toEqual(['Transpose', 'MatMul', 'Mul']);
  });

  it('of products with a transposed matrix read it as it lies', () => {
    const ops = newOps();
    const w = ops.transpose(ops.builder.weight({ weight: 'w', dataType: 'float32', dims: [6, 4] }), [1, 0]);
    expect(ops.linear(ops.builder.input('x', 'float32', [2, 3, 4]), w, false).dims).toEqual([2, 3, 6]);
    const product = ops.builder.nodes.find((node) => node.opType === 'Gemm');
    expect(product).toMatchObject({ attributes: { transB: { value: 1 } } });
    expect(product?.inputs[1]?.source.kind).toBe('weight');
  });

  it('join and part no more tensors at a time than the target binds', () => {
    const ops = newOps({ ...wasmTarget, maxParts: 3 });
    const x = ops.builder.input('x', 'float32', [20]);
    const sizes = Array.from({ length: 10 }, () => 2);
    const parts = ops.split(x, 0, sizes);
    expect(parts.map(({ dims }) => dims)).toEqual(sizes.map((size) => [size]));
    expect(ops.concat(parts, 0).dims).toEqual([20]);
    const widest = ops.builder.nodes.map((node) =>
      Math.max(node.outputs.length, node.opType === 'Concat' ? node.inputs.length : 0),
    );
    expect(Math.max(...widest)).toBe(3);
  });

  it('take rows of a float16 weight before they cast them', () => {
    const ops = newOps({ ...wasmTarget, float16Weights: true });
    const table = ops.cast(ops.builder.weight({ weight: 'w', dataType: 'float16', dims: [100, 4] }), 'float32');
    const rows = ops.gather(table, ops.builder.input('ids', 'int64', [3]));
    expect(rows).toMatchObject({ dataType: 'float32', dims: [3, 4] });
    expect(ops.reshape(table, [4, 100])).toMatchObject({ dataType: 'float32', dims: [4, 100] });
    expect(emitted(ops)).toEqual(['Cast', 'Gather', 'Cast', 'Cast']);
  });

  it('never cast from int64 where the target cannot', () => {
    const ops = newOps({ ...wasmTarget, int64: false });
    expect(ops.fromInt64(ops.builder.input('positions', 'int64', [2, 3]), 9).dims).toEqual([2, 3]);
    expect(emitted(ops)).toEqual(['Gather']);
  });
});
