/** What masks and positions are made of: ranges, running sums, triangles, and questions put to known numbers. */
import { int, intOf } from '../attributes';
import { dataTypeFromCode, type Ops } from '../ops';
import { axisOf, computeType, dimAt, forEachIndex, sizeOf, stridesOf, withDim } from '../shapes';
import type { LowerContext, RuleTable, Value } from '../types';
import { first, flatIndex, known, literalOf } from './known';

const count = (length: number, at: (i: number) => number = (i) => i): number[] =>
  Array.from({ length }, (_, i) => at(i));

/** bool [rows, columns]: where column − row is `least` or more. Computed in the graph where it is large. */
function band(ops: Ops, rows: number, columns: number, least: number): Value {
  const row = ops.builder.literal(
    'float32',
    [rows, 1],
    count(rows, (i) => i + least),
  );
  return ops.emit('GreaterOrEqual', [ops.builder.literal('float32', [1, columns], count(columns)), row]);
}

/** Above and on diagonal k of the last two axes, or below and on it: linear, a choice between x and 0. */
function lowerTrilu(context: LowerContext): Value[] {
  const { ops, node, inputs } = context;
  const x = first(inputs);
  const k = inputs[1] ? (known(context, 1, 'diagonal')[0] as number) : 0;
  const upper = intOf(node.attributes, 'upper', 1) !== 0;
  const [rows, columns] = [dimAt(x.dims, -2), dimAt(x.dims, -1)];
  const zero = ops.scalar(0, x.dataType);
  const from = band(ops, rows, columns, upper ? k : k + 1);
  if (x.dataType === 'bool') return [ops.emit('And', [x, upper ? from : ops.emit('Not', [from])])];
  return [upper ? ops.where(from, x, zero) : ops.where(from, zero, x)];
}

function lowerEyeLike({ ops, node, inputs }: LowerContext): Value[] {
  const { dims, dataType } = first(inputs);
  const [rows, columns] = dims as [number, number];
  const k = intOf(node.attributes, 'k', 0);
  const row = ops.builder.literal(
    'float32',
    [rows, 1],
    count(rows, (i) => i + k),
  );
  const diagonal = ops.equal(ops.builder.literal('float32', [1, columns], count(columns)), row);
  const type = node.attributes.dtype ? dataTypeFromCode(intOf(node.attributes, 'dtype', 1)) : dataType;
  return [ops.cast(diagonal, computeType(type))];
}

/** Of known numbers: their positions along the axis from the largest (or smallest) on; equal ones in order. */
function ranked(context: LowerContext, axis: number, largest: boolean, visit: (order: number[], at: number[]) => void) {
  const values = known(context, 0, 'numbers');
  const { dims } = first(context.inputs);
  const strides = stridesOf(dims);
  forEachIndex(withDim(dims, axis, 1), (_, index) => {
    const start = flatIndex(strides, index);
    const at = count(dimAt(dims, axis), (i) => start + i * (strides[axis] as number));
    const order = count(at.length).sort((a, b) => {
      const [x, y] = [values[at[a] as number] as number, values[at[b] as number] as number];
      return (largest ? y - x : x - y) || a - b;
    });
    visit(order, at);
  });
}

const lowerArg =
  (largest: boolean) =>
  (context: LowerContext): Value[] => {
    const { ops, node, inputs } = context;
    const { dims } = first(inputs);
    const axis = axisOf(intOf(node.attributes, 'axis', 0), dims.length);
    const last = intOf(node.attributes, 'select_last_index', 0) !== 0;
    const chosen: number[] = [];
    const values = known(context, 0, 'numbers');
    ranked(context, axis, largest, (order, at) => {
      const best = values[at[order[0] as number] as number];
      chosen.push((last ? order.findLast((i) => values[at[i] as number] === best) : order[0]) as number);
    });
    const kept = ops.builder.literal('int64', withDim(dims, axis, 1), chosen);
    return [
      intOf(node.attributes, 'keepdims', 1)
        ? kept
        : ops.reshape(
            kept,
            dims.filter((_, i) => i !== axis),
          ),
    ];
  };

function lowerTopK(context: LowerContext): Value[] {
  const { ops, node, inputs } = context;
  const x = first(inputs);
  const axis = axisOf(intOf(node.attributes, 'axis', -1), x.dims.length);
  const k = known(context, 1, 'count')[0] as number;
  const values = known(context, 0, 'numbers');
  const dims = withDim(x.dims, axis, k);
  const strides = stridesOf(dims);
  const [top, places] = [new Array<number>(sizeOf(dims)), new Array<number>(sizeOf(dims))];
  const starts: number[] = [];
  forEachIndex(withDim(dims, axis, 1), (_, index) => starts.push(flatIndex(strides, index)));
  let row = 0;
  ranked(context, axis, intOf(node.attributes, 'largest', 1) !== 0, (order, at) => {
    const start = starts[row++] as number;
    order.slice(0, k).forEach((place, i) => {
      const flat = start + i * (strides[axis] as number);
      top[flat] = values[at[place] as number] as number;
      places[flat] = place;
    });
  });
  return [ops.builder.literal(x.dataType, dims, top), ops.builder.literal('int64', dims, places)];
}

export const positions: RuleTable = {
  Range: {
    folds: true,
    lower: (context) => {
      const [start, limit, step] = ['start', 'limit', 'step'].map(
        (what, i) => known(context, i, what)[0] as number,
      ) as [number, number, number];
      const length = Math.max(0, Math.ceil((limit - start) / step));
      const elements = count(length, (i) => start + i * step);
      return [context.ops.builder.literal(first(context.inputs).dataType, [length], elements)];
    },
  },
  /** y = running sum along an axis:  dx = running sum of dy from the other end */
  CumSum: {
    infer: ({ inputs }) => [first(inputs)],
    evaluate: ({ inputs: [x, at], attributes }) => {
      const { dims } = x as Value;
      const axis = axisOf(literalOf(at)[0] as number, dims.length);
      const [reverse, exclusive] = [intOf(attributes, 'reverse', 0) !== 0, intOf(attributes, 'exclusive', 0) !== 0];
      const [strides, size] = [stridesOf(dims), dimAt(dims, axis)];
      const elements = Array.from(literalOf(x));
      forEachIndex(withDim(dims, axis, 1), (_, index) => {
        let sum = 0;
        for (let i = 0; i < size; i++) {
          const flat = flatIndex(strides, index) + (reverse ? size - 1 - i : i) * (strides[axis] as number);
          const value = elements[flat] as number;
          elements[flat] = exclusive ? sum : sum + value;
          sum += value;
        }
      });
      return [elements];
    },
    lower: (context) => {
      const axis = context.ops.builder.literal('int32', [], known(context, 1, 'axis').slice(0, 1));
      return [context.ops.emit('CumSum', [first(context.inputs), axis], context.node.attributes)];
    },
    vjp: ({ ops, node, input: [, axis], grad: [dy] }) => {
      if (!dy) return [null, null];
      const { exclusive = int(0) } = node.attributes;
      const reverse = int(1 - intOf(node.attributes, 'reverse', 0));
      return [ops.emit('CumSum', [dy, axis as Value], { exclusive, reverse }), null];
    },
  },
  Trilu: { lower: lowerTrilu },
  EyeLike: { folds: true, lower: lowerEyeLike },
  NonZero: {
    folds: true,
    lower: (context) => {
      const { ops, inputs } = context;
      const values = known(context, 0, 'numbers');
      const { dims } = first(inputs);
      const found: (readonly number[])[] = [];
      forEachIndex(dims, (flat, index) => {
        if (values[flat] !== 0) found.push([...index]);
      });
      const elements = dims.flatMap((_, axis) => found.map((index) => index[axis] as number));
      return [ops.builder.literal('int64', [dims.length, found.length], elements)];
    },
  },
  ArgMax: { folds: true, lower: lowerArg(true) },
  ArgMin: { folds: true, lower: lowerArg(false) },
  TopK: { folds: true, lower: lowerTopK },
};
