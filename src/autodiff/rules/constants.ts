/** Constants and the shape arithmetic that exporters leave in graphs: in a specialised graph all of it is known. */
import { ModelError } from '../../errors';
import { numbersOf } from '../../onnx';
import { intOf, tensorOf } from '../attributes';
import { dataTypeFromCode } from '../ops';
import { computeType, sizeOf } from '../shapes';
import type { OperatorRule, RuleTable, TensorType, Value } from '../types';
import { first, known, literalOf } from './known';

const cast: OperatorRule = {
  infer: ({ inputs, attributes }) => [
    { dataType: dataTypeFromCode(intOf(attributes, 'to', 1)), dims: first(inputs).dims },
  ],
  evaluate: ({ inputs }, [out]) => {
    const elements = Array.from(literalOf(inputs[0]));
    const type = (out as TensorType).dataType;
    if (type === 'bool') return [elements.map((x) => (x ? 1 : 0))];
    return [computeType(type) === 'float32' ? elements : elements.map(Math.trunc)];
  },
  lower: ({ ops, node, inputs }) => [
    ops.cast(first(inputs), computeType(dataTypeFromCode(intOf(node.attributes, 'to', 1)))),
  ],
  vjp: ({ ops, input, grad: [dy] }) => [dy ? ops.cast(dy, first(input).dataType) : null],
};

export const constants: RuleTable = {
  Constant: {
    folds: true,
    lower: ({ ops, node }) => {
      const tensor = tensorOf(node.attributes, 'value');
      if (tensor) return [ops.builder.literal(computeType(tensor.dataType), tensor.dims, numbersOf(tensor))];
      const { value_int: i, value_float: f, value_ints: is, value_floats: fs } = node.attributes;
      if (i?.type === 'int') return [ops.scalar(i.value, 'int64')];
      if (f?.type === 'float') return [ops.scalar(f.value)];
      if (is?.type === 'ints') return [ops.int64(is.value)];
      if (fs?.type === 'floats') return [ops.builder.literal('float32', [fs.value.length], fs.value)];
      throw new ModelError(
        'Constant holds a value of a kind that Prelude does not read (text or a sparse tensor).',
        { node: node.name || node.outputs[0] },
        'Try another export of this model.',
      );
    },
  },
  Shape: {
    folds: true,
    lower: ({ ops, node, inputs }) => {
      const { dims } = first(inputs);
      const start = intOf(node.attributes, 'start', 0);
      const end = intOf(node.attributes, 'end', dims.length);
      return [ops.int64(dims.slice(start, end))];
    },
  },
  ConstantOfShape: {
    folds: true,
    lower: (context) => {
      const { ops, node } = context;
      const tensor = tensorOf(node.attributes, 'value');
      const fill = ops.scalar(
        tensor ? (numbersOf(tensor)[0] as number) : 0,
        tensor ? computeType(tensor.dataType) : 'float32',
      );
      return [ops.expand(fill, known(context, 0, 'shape'))];
    },
  },
  Size: { folds: true, lower: ({ ops, inputs }) => [ops.scalar(sizeOf(first(inputs).dims), 'int64')] },
  Identity: { lower: ({ inputs }) => [first(inputs)] },
  /** Outside of its own training a model drops nothing. */
  Dropout: {
    lower: ({ ops, inputs }) => [first(inputs), ops.expand(ops.scalar(1, 'bool'), first(inputs).dims)],
  },
  Cast: cast,
  CastLike: { lower: ({ ops, inputs }) => [ops.cast(first(inputs), (inputs[1] as Value).dataType)] },
};
