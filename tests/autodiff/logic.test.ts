/** Masks of PyTorch's exports: what they ask of a softmax is told from what goes into it, and what is known is not asked. */
import { describe, expect, it } from 'vitest';
import { rules } from '../../src/autodiff/rules';
import type { LowerContext, Value } from '../../src/autodiff/types';
import { newOps } from '../support/graphs';

const lower = (ops: ReturnType<typeof newOps>, opType: string, inputs: readonly Value[]): Value =>
  rules[opType]?.lower?.({ ops, inputs } as unknown as LowerContext)[0] as Value;
const emitted = (ops: ReturnType<typeof newOps>) => ops.builder.nodes.map(({ opType }) => opType);

describe('whether a softmax is NaN', () => {
  it('is known where the mask is known: the row that sees nothing, and no other', () => {
    const ops = newOps();
    const mask = ops.builder.literal('float32', [1, 2, 3], [0, -Infinity, 0, -Infinity, -Infinity, -Infinity]);
    const scores = ops.add(ops.builder.input('scores', 'float32', [4, 2, 3]), mask);
    const answer = lower(ops, 'IsNaN', [ops.softmax(scores)]);
    expect(answer).toMatchObject({ dataType: 'bool', dims: [1, 2, 1], literal: [0, 1] });
  });

  it('is told from the scores where it is not', () => {
    const ops = newOps();
    const [scores, mask] = ['scores', 'mask'].map((name) => ops.builder.input(name, 'float32', [4, 2, 3]));
    expect(lower(ops, 'IsNaN', [ops.softmax(ops.add(scores as Value, mask as Value))]).dims).toEqual([4, 2, 1]);
    expect(emitted(ops)).toEqual(['Add', 'Softmax', 'ReduceMax', 'Equal']);
  });

  it('is asked of everything else', () => {
    const ops = newOps();
    expect(lower(ops, 'IsNaN', [ops.builder.input('x', 'float32', [2, 3])]).dims).toEqual([2, 3]);
    expect(emitted(ops)).toEqual(['IsNaN']);
  });
});

describe('a choice by a condition that is the same everywhere', () => {
  it.each([
    [[0, 0], 'b'],
    [[1, 1], 'a'],
  ])('is that operand: %j', (condition, chosen) => {
    const ops = newOps();
    const [a, b] = ['a', 'b'].map((name) => ops.builder.input(name, 'float32', [3, 2])) as [Value, Value];
    expect(lower(ops, 'Where', [ops.builder.literal('bool', [1, 2], condition), a, b])).toBe(chosen === 'a' ? a : b);
    expect(emitted(ops)).toEqual([]);
  });

  it('has the shape that all three make', () => {
    const ops = newOps();
    const condition = ops.builder.literal('bool', [5, 1, 1], new Array(5).fill(1));
    const a = ops.builder.input('a', 'float32', [2]);
    expect(lower(ops, 'Where', [condition, a, ops.builder.input('b', 'float32', [3, 1])]).dims).toEqual([5, 3, 2]);
  });
});
