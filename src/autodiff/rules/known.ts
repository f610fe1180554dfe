/** What the rules of this folder share: known elements of values, and reading them by index. */
import { ModelError } from '../../errors';
import { intsOf } from '../attributes';
import type { Ops } from '../ops';
import { forEachIndex, sizeOf } from '../shapes';
import type { LowerContext, TensorType, Value } from '../types';

/** The elements of an input that must be known at compile time (a shape, axes, indices). */
export function known({ node, inputs }: LowerContext, i: number, what: string): number[] {
  const value = inputs[i];
  if (!value?.literal) {
    throw new ModelError(
      `${node.opType} takes its ${what} from data; Prelude needs it to be known from the shapes.`,
      { node: node.name || node.outputs[0] },
      'This export computes shapes from the text itself; try another export of the model.',
    );
  }
  return Array.from(value.literal);
}

export const first = (inputs: readonly (Value | null)[]): Value => inputs[0] as Value;
export const literalOf = (value: Value | null | undefined): ArrayLike<number> => value?.literal ?? [];

/** Reads the output element by element from the first input's literal. */
export function pick(
  read: (index: readonly number[]) => number,
  out: TensorType,
  x: Value,
): readonly ArrayLike<number>[] {
  const elements = new Array<number>(sizeOf(out.dims));
  const source = literalOf(x);
  forEachIndex(out.dims, (flat, index) => {
    elements[flat] = source[read(index)] as number;
  });
  return [elements];
}

export const flatIndex = (strides: readonly number[], index: readonly number[]): number =>
  index.reduce((sum, i, axis) => sum + i * (strides[axis] as number), 0);

/** Axes from the attribute (old opsets) or the second input. */
export const axesOf = (context: LowerContext): number[] | null => {
  const attribute = intsOf(context.node.attributes, 'axes');
  if (attribute) return [...attribute];
  return context.inputs[1] ? known(context, 1, 'axes') : null;
};

/** Of any size: never written out in the graph's file. */
export const zeros = (ops: Ops, dims: readonly number[]): Value =>
  ops.emit('Expand', [ops.scalar(0), ops.int64(dims)], {}, { fold: false });
