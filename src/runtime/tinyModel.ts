/** The smallest graph there is, y = −x for one float: a first session makes ONNX Runtime create its GPU device. */
import { writeModel } from '../onnx';

const one = (name: string) => ({ name, dataType: 'float32', dims: [1] }) as const;

export const TINY_MODEL: Uint8Array = writeModel({
  irVersion: 10,
  opsets: { '': 21 },
  producer: 'prelude',
  graph: {
    name: 'tiny',
    nodes: [{ name: 'neg', opType: 'Neg', domain: '', inputs: ['x'], outputs: ['y'], attributes: {} }],
    inputs: [one('x')],
    outputs: [one('y')],
    initializers: new Map(),
  },
});
