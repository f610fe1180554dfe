/**
 * The graph IR: what an ONNX file says, as plain data. Names follow the ONNX specification (onnx.proto).
 * It carries no behaviour and knows nothing of runtimes; weights stay outside (see `Initializer.bytes`).
 */

export type DataType =
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'float64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint4'
  | 'int4'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string';

export interface TensorInfo {
  readonly name: string;
  readonly dataType: DataType;
  readonly dims: readonly number[];
  /** Bytes of the values, little-endian, as in `TensorProto.raw_data` (4-bit types: two per byte, low nibble first). */
  readonly byteLength: number;
}

export interface TensorData extends TensorInfo {
  readonly bytes: Uint8Array;
}

/** A weight of the graph. `bytes` is set for small tensors only (shapes, axes, scalars); large ones live in the weight store. */
export interface Initializer extends TensorInfo {
  readonly bytes?: Uint8Array;
}

export type Attribute =
  /** int64; values outside ±2^53 are clamped to it (they only mean "to the end"). */
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: TensorData }
  | { readonly type: 'graph'; readonly value: Graph };

export interface Node {
  readonly name: string;
  readonly opType: string;
  /** `''` is ai.onnx. */
  readonly domain: string;
  /** Positional; `''` marks an optional input that is absent. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A number is static; a string is a symbolic dimension; `null` is unknown. */
export type Dim = number | string | null;

export interface ValueInfo {
  readonly name: string;
  readonly dataType: DataType;
  readonly dims: readonly Dim[];
  /** Set where the file gives no shape at all, not even a rank; `dims` is then `[]`. */
  readonly unranked?: true;
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: ReadonlyMap<string, Initializer>;
}

export interface Model {
  readonly irVersion: number;
  /** Opset version by domain; `''` is ai.onnx. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly producer: string;
  readonly graph: Graph;
}
