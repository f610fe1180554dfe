/**
 * What operators that work element by element share: y[i] = f(a[i], b[i]) with NumPy broadcasting, for the type of the
 * output, its elements where they are known, and gradients, which are summed over the axes of a broadcast (`sumTo`).
 */
import { broadcastDims, broadcastReader, forEachIndex, sizeOf } from '../shapes';
import type { InferContext, OperatorRule, TensorType, Value, VjpContext } from '../types';

const operands = (inputs: readonly (Value | null)[]): Value[] => inputs.filter((value) => value !== null);

export function inferBroadcast({ inputs }: InferContext): TensorType[] {
  const values = operands(inputs);
  const dims = values.map((value) => value.dims).reduce(broadcastDims);
  return [{ dataType: (values[values.length - 1] as Value).dataType, dims }];
}

export const isInteger = (type: TensorType): boolean =>
  type.dataType.startsWith('int') || type.dataType.startsWith('uint');

export function evaluateWith(f: (...x: number[]) => number) {
  return ({ inputs }: InferContext, [out]: readonly TensorType[]): readonly ArrayLike<number>[] => {
    const type = out as TensorType;
    const values = operands(inputs);
    const readers = values.map((value) => broadcastReader(value.dims, type.dims));
    const elements = new Array<number>(sizeOf(type.dims));
    forEachIndex(type.dims, (flat, index) => {
      elements[flat] = f(
        ...values.map(
          (value, k) =>
            (value.literal as ArrayLike<number>)[(readers[k] as (i: readonly number[]) => number)(index)] as number,
        ),
      );
    });
    return [isInteger(type) ? elements.map(Math.trunc) : elements];
  };
}

type Vjp = (context: VjpContext & { x: Value; y: Value; out: Value; dy: Value }) => readonly (Value | null)[];

/** A rule with one or two float operands; `vjp` gives unreduced gradients, which are summed to the operands' shapes. */
export function float(f: (...x: number[]) => number, vjp: Vjp): OperatorRule {
  return {
    infer: inferBroadcast,
    evaluate: evaluateWith(f),
    vjp: (context) => {
      const [x, y] = context.input;
      const dy = context.grad[0];
      if (!dy) return context.input.map(() => null);
      const grads = vjp({
        ...context,
        x: x as Value,
        y: (y ?? x) as Value,
        out: context.output[0] as Value,
        dy,
        needs: context.needs,
      });
      return grads.map((grad, i) => {
        const operand = context.input[i];
        return grad && operand ? context.ops.sumTo(grad, operand.dims) : null;
      });
    },
  };
}

/** A comparison or a test: no gradient, boolean result. */
export const predicate = (f: (...x: number[]) => boolean): OperatorRule => ({
  infer: (context) => [{ dataType: 'bool', dims: (inferBroadcast(context)[0] as TensorType).dims }],
  evaluate: evaluateWith((...x) => (f(...x) ? 1 : 0)),
});
