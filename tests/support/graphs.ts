/** Small graphs written in a test, and a builder to compile them with. */
import { GraphBuilder } from '../../src/autodiff/builder';
import { Ops } from '../../src/autodiff/ops';
import type { CompileTarget } from '../../src/autodiff/types';
import type { Attribute, Initializer, Model, Node, ValueInfo } from '../../src/onnx';

export const wasmTarget: CompileTarget = {
  fusedMatMul: true,
  gatherBlockQuantized: false,
  int64: true,
  float16Weights: false,
  float16Cache: false,
  int8: true,
  preciseAngles: true,
  maxParts: Number.POSITIVE_INFINITY,
  weights: 'float',
};

export const webgpuTarget: CompileTarget = {
  fusedMatMul: false,
  gatherBlockQuantized: true,
  int64: false,
  float16Weights: false,
  float16Cache: false,
  int8: false,
  preciseAngles: false,
  maxParts: 7,
  weights: 'quantized',
};

export const newOps = (target: CompileTarget = wasmTarget): Ops => new Ops(new GraphBuilder(target));

/** `node('Add', 'a b', 'c')`: names apart by spaces; an absent input is `-`. */
export function node(
  opType: string,
  inputs: string,
  outputs: string,
  attributes: Record<string, Attribute> = {},
  domain = '',
): Node {
  const split = (names: string) => (names ? names.split(' ').map((name) => (name === '-' ? '' : name)) : []);
  return { name: `/${opType}/${outputs}`, opType, domain, inputs: split(inputs), outputs: split(outputs), attributes };
}

export const info = (name: string, dataType: ValueInfo['dataType'], ...dims: ValueInfo['dims']): ValueInfo => ({
  name,
  dataType,
  dims,
});

interface Parts {
  readonly nodes?: readonly Node[];
  readonly inputs?: readonly ValueInfo[];
  readonly outputs?: readonly ValueInfo[];
  readonly initializers?: readonly Initializer[];
}

export const model = ({ nodes = [], inputs = [], outputs = [], initializers = [] }: Parts): Model => ({
  irVersion: 10,
  opsets: { '': 18, 'com.microsoft': 1 },
  producer: 'test',
  graph: {
    name: 'test',
    nodes,
    inputs,
    outputs,
    initializers: new Map(initializers.map((initializer) => [initializer.name, initializer])),
  },
});
