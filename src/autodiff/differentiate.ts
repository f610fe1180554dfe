/**
 * Reverse-mode differentiation of the emitted graph (Griewank & Walther 2008, ch. 3): gradients flow from the seeds back
 * to one trainable input, only through nodes that stand between the two.
 */
import { ModelError } from '../errors';
import { operatorName, ruleOf } from './builder';
import type { Ops } from './ops';
import { Recompute, type RecomputeOptions, reachable } from './recompute';
import type { EmittedNode, Value } from './types';

export interface Seed {
  readonly value: Value;
  /** Gradient of the loss with respect to `value`, same shape. */
  readonly gradient: Value;
}

/** Says by what name a person knows the trainable numbers that reach a node of the file. */
export type Reaching = (node: string) => string | null;

export interface DifferentiateOptions {
  /** For messages; default: the trainable's own name. */
  readonly reaching?: Reaching;
  /** Where forward values are computed again instead of kept. */
  readonly recompute?: RecomputeOptions | null;
}

/** @returns the gradient of the loss with respect to `trainable`. @throws ModelError naming an operator without a rule. */
export function differentiate(
  ops: Ops,
  seeds: readonly Seed[],
  trainable: Value,
  { reaching = () => trainable.name, recompute = null }: DifferentiateOptions = {},
): Value {
  const forward = [...ops.builder.nodes];
  const reached = reachable(forward, [trainable]);
  const replay = recompute && new Recompute(ops, forward, recompute);
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
    const where = () => reaching(node.origin) ?? trainable.name;
    if (!vjp) throw withoutRule(node, where());
    const gradsIn = vjp({ ops, node, input: node.inputs.map(read), output: node.outputs.map(read), grad, needs });
    gradsIn.forEach((gradient, k) => {
      if (!needs(k)) return;
      if (gradient) accumulate(node.inputs[k] as Value, gradient);
      else throw withoutGradient(node, k, where());
    });
  }
  ops.builder.origin = '';
  const gradient = gradients.get(trainable);
  if (!gradient) throw new ModelError(`The loss does not depend on ${trainable.name}: there is nothing to train.`);
  return gradient;
}

const HINT =
  'You can still generate with this model; to tune it, try another export (for example its q4 or fp32 file).';

const withoutRule = (node: EmittedNode, reaching: string): ModelError =>
  new ModelError(
    `The operator ${operatorName(node)} has no gradient rule, and ${reaching} reaches it.`,
    { node: node.origin },
    HINT,
  );

const withoutGradient = (node: EmittedNode, input: number, reaching: string): ModelError =>
  new ModelError(
    `The operator ${operatorName(node)} has no gradient for its input ${input + 1} in this form, and ${reaching} reaches it.`,
    { node: node.origin },
    HINT,
  );
