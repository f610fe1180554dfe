/**
 * Builds a graph of statically typed values: emits nodes, infers shapes, folds what is known, and never emits the same
 * node twice. What a graph means (rules) and what it is for (training, inference) live elsewhere.
 */
import { ModelError } from '../errors';
import type { DataType } from '../onnx';
import { fingerprint, sameElements } from './fingerprint';
import { rules } from './rules';
import { computeType, sizeOf } from './shapes';
import type { Attributes, CompileTarget, EmittedNode, OperatorRule, TensorType, Value, WeightView } from './types';

/** Above this many elements a known value stays a node: a graph file is no place for data. */
const FOLD_LIMIT = 1 << 20;

export interface EmitOptions {
  domain?: string;
  outputs?: number;
  /** Default true. False: a node even where the value is known; ONNX Runtime computes it when the session opens. */
  fold?: boolean;
}

export class GraphBuilder {
  readonly nodes: EmittedNode[] = [];
  readonly inputs: Value[] = [];
  /** Name of the node of the model's file that is being rewritten, for errors. */
  origin = '';
  private readonly known = new Map<string, readonly Value[]>();
  private readonly ids = new Map<Value, number>();
  private nextName = 0;

  constructor(readonly target: CompileTarget) {}

  input(name: string, dataType: DataType, dims: readonly number[]): Value {
    const value: Value = { name, dataType, dims, source: { kind: 'input' }, literal: null };
    this.inputs.push(value);
    return value;
  }

  literal(dataType: DataType, dims: readonly number[], elements: ArrayLike<number>): Value {
    if (elements.length !== sizeOf(dims)) {
      throw new RangeError(`${elements.length} elements for shape [${dims.join(', ')}]`);
    }
    const make = (): Value => ({
      name: this.fresh('literal'),
      dataType,
      dims,
      source: { kind: 'literal' },
      literal: elements,
    });
    const known = this.once(`literal ${dataType} ${dims.join()} ${fingerprint(elements)}`, () => [make()])[0] as Value;
    return sameElements(known.literal ?? [], elements) ? known : make();
  }

  /** A float16 weight keeps its type where the target does; every other float comes as float32. */
  weight(view: WeightView): Value {
    const keeps = view.dataType === 'float16' && this.target.float16Weights;
    const typed = keeps ? view : { ...view, dataType: computeType(view.dataType) };
    const key = `weight ${typed.weight} ${typed.dataType} ${typed.dims.join()}`;
    return this.once(key, () => [
      {
        name: this.fresh(typed.weight),
        dataType: typed.dataType,
        dims: typed.dims,
        source: { kind: 'weight', view: typed },
        literal: null,
      },
    ])[0] as Value;
  }

  /** Emits a node, or returns the values of the same node emitted before, or its folded outputs. */
  emit(
    opType: string,
    inputs: readonly (Value | null)[],
    attributes: Attributes = {},
    { domain = '', outputs = 1, fold = true }: EmitOptions = {},
  ): readonly Value[] {
    const key = this.keyOf(opType, domain, inputs, attributes, outputs);
    return this.once(key, () => {
      const rule = ruleOf(domain, opType);
      const types = this.infer(rule, opType, domain, inputs, attributes, outputs);
      const folded = fold && this.fold(rule, inputs, attributes, types);
      if (folded) return folded;
      const node: EmittedNode = { opType, domain, inputs, attributes, origin: this.origin, outputs: [] };
      const values = types.map(
        (type): Value => ({
          name: this.fresh(opType),
          dataType: type.dataType,
          dims: type.dims,
          source: { kind: 'node', node },
          literal: null,
        }),
      );
      (node as { outputs: readonly Value[] }).outputs = values;
      this.nodes.push(node);
      return values;
    });
  }

  private infer(
    rule: OperatorRule | undefined,
    opType: string,
    domain: string,
    inputs: readonly (Value | null)[],
    attributes: Attributes,
    outputCount: number,
  ): readonly TensorType[] {
    if (!rule?.infer) throw new Error(`${operatorName({ domain, opType })} is emitted but has no infer.`);
    try {
      return rule.infer({ inputs, attributes, outputCount });
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new ModelError(`${opType} has inputs that do not fit together: ${cause.message}.`, { node: this.origin });
    }
  }

  private fold(
    rule: OperatorRule | undefined,
    inputs: readonly (Value | null)[],
    attributes: Attributes,
    types: readonly TensorType[],
  ): readonly Value[] | null {
    if (!rule?.evaluate || inputs.some((value) => value && !value.literal)) return null;
    if (types.some((type) => sizeOf(type.dims) > FOLD_LIMIT)) return null;
    const elements = rule.evaluate({ inputs, attributes, outputCount: types.length }, types);
    return (
      elements?.map((data, i) =>
        this.literal((types[i] as TensorType).dataType, (types[i] as TensorType).dims, data),
      ) ?? null
    );
  }

  private once(key: string, make: () => readonly Value[]): readonly Value[] {
    const before = this.known.get(key);
    if (before) return before;
    const values = make();
    this.known.set(key, values);
    return values;
  }

  private keyOf(
    opType: string,
    domain: string,
    inputs: readonly (Value | null)[],
    attributes: Attributes,
    outputs: number,
  ): string {
    const names = inputs.map((value) => (value ? this.idOf(value) : '-')).join();
    return `${domain}.${opType}/${outputs}(${names})${JSON.stringify(attributes)}`;
  }

  private idOf(value: Value): number {
    let id = this.ids.get(value);
    if (id === undefined) {
      id = this.ids.size;
      this.ids.set(value, id);
    }
    return id;
  }

  private fresh(stem: string): string {
    return `${stem}_${this.nextName++}`;
  }
}

/** `com.microsoft.QMoE`; ai.onnx operators by their bare name. */
export const operatorName = ({ domain, opType }: { readonly domain: string; readonly opType: string }): string =>
  domain === '' || domain === 'ai.onnx' ? opType : `${domain}.${opType}`;

/** The rule of an operator in the table, whose keys are the names above. */
export const ruleOf = (domain: string, opType: string): OperatorRule | undefined => {
  const name = operatorName({ domain, opType });
  return Object.hasOwn(rules, name) ? rules[name] : undefined;
};
