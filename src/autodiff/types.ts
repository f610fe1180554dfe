/**
 * What the compiler works on: values with static types, the nodes that make them, and the shape of an operator's rule.
 * No behaviour; the builder creates these, the rules read them.
 */
import type { Attribute, DataType, Node } from '../onnx';
import type { DecoderContext } from './decoderContext';
import type { Ops } from './ops';

export interface TensorType {
  readonly dataType: DataType;
  readonly dims: readonly number[];
}

/** A weight's bytes under a type and shape of our choice: MatMulNBits' `B` and an ONNX uint4 tensor share their bytes. */
export interface WeightView extends TensorType {
  /** Initializer in the model's file; key in the weight store. */
  readonly weight: string;
}

export type ValueSource =
  | { readonly kind: 'input' }
  | { readonly kind: 'literal' }
  | { readonly kind: 'weight'; readonly view: WeightView }
  | { readonly kind: 'node'; readonly node: EmittedNode };

export interface Value extends TensorType {
  readonly name: string;
  readonly source: ValueSource;
  /** The elements, row-major, where they are known at compile time. */
  readonly literal: ArrayLike<number> | null;
}

export type Attributes = Readonly<Record<string, Attribute>>;

/** A node of the graph being built. Inputs that are absent are null. */
export interface EmittedNode {
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
  /** Name of the node in the model's file that this one was made for, for error messages. */
  readonly origin: string;
}

export interface InferContext {
  readonly inputs: readonly (Value | null)[];
  readonly attributes: Attributes;
  readonly outputCount: number;
}

export interface LowerContext {
  readonly ops: Ops;
  readonly node: Node;
  readonly inputs: readonly (Value | null)[];
  /** Opset version of the node's domain in the model's file. */
  readonly opset: number;
  readonly decoder: DecoderContext;
}

export interface VjpContext {
  readonly ops: Ops;
  readonly node: EmittedNode;
  readonly input: readonly (Value | null)[];
  readonly output: readonly Value[];
  /** Gradient of the loss with respect to each output; null where none arrives. */
  readonly grad: readonly (Value | null)[];
  /** Whether input i needs a gradient; a rule may skip the work where it does not. */
  needs(i: number): boolean;
}

/**
 * Everything the compiler knows about one operator. An operator of the model's file is rewritten by `lower` (or emitted as
 * it stands); an operator that is emitted needs `infer`, and `vjp` where a trainable input reaches it.
 */
export interface OperatorRule {
  /** Types of the outputs from the static inputs. */
  readonly infer?: (context: InferContext) => readonly TensorType[];
  /** Elements of the outputs when all inputs are known; null gives up (the node is emitted). */
  readonly evaluate?: (context: InferContext, outputs: readonly TensorType[]) => readonly ArrayLike<number>[] | null;
  /** Rewrites a node of the file into emitted values, one per output (null: an output nobody may use). */
  readonly lower?: (context: LowerContext) => readonly (Value | null)[];
  /** Takes part only while the graph is built: its result is known from shapes, or from numbers that are known. */
  readonly folds?: true;
  /** Vector-Jacobian product: gradients with respect to the inputs; null where there is none. */
  readonly vjp?: (context: VjpContext) => readonly (Value | null)[];
}

export type RuleTable = Readonly<Record<string, OperatorRule>>;

/** What the graph is compiled for. */
export interface CompileTarget {
  /** com.microsoft.FusedMatMul (transposed batched operands) exists: true on wasm. */
  readonly fusedMatMul: boolean;
  /** com.microsoft.GatherBlockQuantized exists: true on WebGPU. */
  readonly gatherBlockQuantized: boolean;
  /** int64 values can be cast and moved: true on wasm. WebGPU takes them as indices and positions, and makes them. */
  readonly int64: boolean;
  /** float16 weights lie on the device as float16, and are cast where they are used. Else they lie there as float32. */
  readonly float16Weights: boolean;
  /** Keys and values are cached as float16. */
  readonly float16Cache: boolean;
  /** int8 tensors can be fed: true on wasm. On WebGPU they are written as uint8, each number 128 higher. */
  readonly int8: boolean;
  /** Sin and Cos are good to float32: true on wasm. WGSL promises 2⁻¹¹, and that only between −π and π. */
  readonly preciseAngles: boolean;
  /** Most tensors that one node may join or part: a shader binds few buffers. */
  readonly maxParts: number;
  /** `float`: weights dequantised once, ahead of time. `quantized`: in the graph, at each run. */
  readonly weights: 'float' | 'quantized';
}
