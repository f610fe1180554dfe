/** Reverse mode over the emitted graph: where gradients go, and what is said where they cannot. */
import { describe, expect, it } from 'vitest';
import { ints } from '../../src/autodiff/attributes';
import { differentiate } from '../../src/autodiff/differentiate';
import type { Ops } from '../../src/autodiff/ops';
import type { Value } from '../../src/autodiff/types';
import { ModelError } from '../../src/errors';
import { newOps } from '../support/graphs';

const seedOf = (ops: Ops, value: Value) => [{ value, gradient: ops.builder.input('r', 'float32', value.dims) }];

describe('differentiate', () => {
  it('names operator, node and trainable where a rule is missing', () => {
    const ops = newOps();
    const x = ops.builder.input('trainable', 'float32', [2, 3]);
    ops.builder.origin = '/model/layers.7/moe/ReduceProd';
    const y = ops.emit('ReduceProd', [x]);
    const attempt = () => differentiate(ops, seedOf(ops, y), x);
    expect(attempt).toThrow(ModelError);
    expect(attempt).toThrow('The operator ReduceProd has no gradient rule, and trainable reaches it');
    expect(attempt).toThrow(expect.objectContaining({ where: { node: '/model/layers.7/moe/ReduceProd' } }));
  });

  it('names the input for which a rule has no gradient', () => {
    const ops = newOps();
    const x = ops.builder.input('trainable', 'float32', [2, 3]);
    ops.builder.origin = '/rotary';
    const y = ops.emit('Mod', [ops.builder.input('other', 'float32', [2, 3]), x]);
    const attempt = () => differentiate(ops, seedOf(ops, y), x, { reaching: () => "the prefix of layer 3's keys" });
    expect(attempt).toThrow(
      "The operator Mod has no gradient for its input 2 in this form, and the prefix of layer 3's keys reaches it",
    );
  });

  it('stops at whole numbers and truths, which carry none', () => {
    const ops = newOps();
    const x = ops.builder.input('trainable', 'float32', [3]);
    const mask = ops.cast(ops.emit('Greater', [x, ops.scalar(0)]), 'float32');
    const gradient = differentiate(ops, seedOf(ops, ops.mul(x, mask)), x);
    expect(gradient.source).toMatchObject({ node: { opType: 'Mul', inputs: [{ name: 'r' }, { name: mask.name }] } });
  });

  it('does not mind a missing rule beside the path', () => {
    const ops = newOps();
    const x = ops.builder.input('trainable', 'float32', [2, 3]);
    const other = ops.emit('ReduceProd', [ops.builder.input('other', 'float32', [2, 3])]);
    const y = ops.mul(x, other);
    expect(differentiate(ops, seedOf(ops, y), x).source).toMatchObject({ node: { opType: 'Mul' } });
  });

  it('says so where the loss does not depend on the trainable', () => {
    const ops = newOps();
    const x = ops.builder.input('trainable', 'float32', [3]);
    const y = ops.exp(ops.builder.input('other', 'float32', [3]));
    expect(() => differentiate(ops, seedOf(ops, y), x)).toThrow('does not depend on trainable');
  });

  it('adds up what comes from several uses', () => {
    const ops = newOps();
    const x = ops.builder.input('trainable', 'float32', [3]);
    const y = ops.add(ops.exp(x), ops.tanh(x));
    const gradient = differentiate(ops, seedOf(ops, y), x);
    expect(gradient.source).toMatchObject({ node: { opType: 'Add' } });
  });

  it('spends nothing on what the trainable does not reach', () => {
    const ops = newOps();
    const x = ops.builder.input('trainable', 'float32', [2, 3]);
    const [h, w] = [ops.builder.input('h', 'float32', [2, 4]), ops.builder.input('w', 'float32', [4, 3])];
    const projected = ops.matmul(ops.exp(h), w);
    const y = ops.add(projected, x);
    const before = ops.builder.nodes.length;
    const gradient = differentiate(ops, seedOf(ops, y), x);
    expect(gradient.name).toBe('r');
    expect(ops.builder.nodes).toHaveLength(before);
  });

  it('blames the forward node for trouble in its backward', () => {
    const ops = newOps();
    const x = ops.builder.input('trainable', 'float32', [2, 3]);
    ops.builder.origin = '/mlp/Exp';
    const y = ops.exp(x);
    const wrong = [{ value: y, gradient: ops.builder.input('r', 'float32', [5, 7]) }];
    expect(() => differentiate(ops, wrong, x)).toThrow(expect.objectContaining({ where: { node: '/mlp/Exp' } }));
  });

  it('gives every gradient the shape of its value', () => {
    const ops = newOps();
    const x = ops.builder.input('trainable', 'float32', [4, 1]);
    const y = ops.emit('Transpose', [ops.mul(x, ops.builder.input('h', 'float32', [2, 4, 3]))], {
      perm: ints([2, 0, 1]),
    });
    expect(differentiate(ops, seedOf(ops, y), x).dims).toEqual([4, 1]);
  });
});
