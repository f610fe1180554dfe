/**
 * Reverse-mode differentiation of the emitted graph (Griewank & Walther 2008, ch. 3): gradients flow from the seeds back
 * to one trainable input, only through nodes that stand between the two.
 */
import { ModelError } from '../errors';
import { ruleOf } from './builder';
import type { Ops } from './ops';
import { Recompute, type RecomputeOptions, reachable } from './recompute';
import type { EmittedNode, Value } from './types';

export interface Seed {
  readonly value: Value;
  /** Gradient of the loss with respect to `value`, same shape. */
  readonly gradient: Value;
}

/**
 * @param recompute where forward values are computed again instead of kept
 * @returns the gradient of the loss with respect to `trainable`
 * @throws ModelError naming an operator without a rule
 */
export function differentiate(
  ops: Ops,
  seeds: readonly Seed[],
  trainable: Value,
  recompute: RecomputeOptions | null = null,
): Value {
  const forward = [...ops.builder.nodes];
  const reached = reachable(forward, [trainable]);
  const replay = recompute && new Recompute(ops, forward, reached, recompute);
  const read = <T extends Value | null>(value: T) => replay?.read(value) ?? value;
  const gradients = new Map<Value, Value>();
  const accumulate = (value: Value, gradient: Value) => {
    const before = gradients.get(value);
    gradients.set(value, before ? ops.add(before, gradient) : gradient);
  };
  for (const { value, gradient } of seeds) accumulate(value, gradient);
  for (let i = forward.length - 1; i >= 0; i--) {
    const node = forward[i] as EmittedNode;
    replay?.enter(i, gradients);
    const needs = (k: number) => {
      const input = node.inputs[k];
      return Boolean(input && reached.has(input));
    };
    const grad = node.outputs.map((output) => gradients.get(output) ?? null);
    if (grad.every((g) => g === null) || !node.inputs.some((_, k) => needs(k))) continue;
    ops.builder.origin = node.origin;
    const vjp = ruleOf(node.domain, node.opType)?.vjp;
    if (!vjp) throw withoutRule(node, trainable);
    const gradsIn = vjp({ ops, node, input: node.inputs.map(read), output: node.outputs.map(read), grad, needs });
    gradsIn.forEach((gradient, k) => {
      if (gradient && needs(k)) accumulate(node.inputs[k] as Value, gradient);
    });
  }
  ops.builder.origin = '';
  const gradient = gradients.get(trainable);
  if (!gradient) throw new ModelError(`The loss does not depend on ${trainable.name}: there is nothing to train.`);
  return gradient;
}

function withoutRule(node: EmittedNode, trainable: Value): ModelError {
  return new ModelError(
    `The operator ${node.domain ? `${node.domain}.` : ''}${node.opType} has no gradient rule, and ${trainable.name} reaches it.`,
    { node: node.origin },
    'You can still generate with this model; to tune it, try another export (for example its q4 or fp32 file).',
  );
}
