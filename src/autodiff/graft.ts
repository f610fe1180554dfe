/**
 * What a method adds to a decoder: numbers that are trained, and where in the graph they go. The compiler knows no method;
 * it declares the inputs, lets the graft put them where it wants, and differentiates with respect to them.
 */
import type { Ops } from './ops';
import type { Value } from './types';

export interface Graft {
  /** Grafts of the same key make the same graph of the same decoder. */
  readonly key: string;
  /** Numbers that are trained: elements of the input `trainable`. */
  readonly size: number;
  /** Numbers that belong to it and are not trained: elements of the input `frozen`; 0 where there is none. */
  readonly frozen: number;
  /** Slots it fills in front of the text's keys and values. */
  readonly past: number;
  /** Virtual tokens it puts in front of the text: every row of ids begins with as many that mean nothing. */
  readonly inserted: number;
  /** The trainables are a prefix as it stands, [layers, 2 (key, value), kvHeads, past, headDim]. */
  readonly isPrefix: boolean;
  /** Uniform random numbers in [0, 1) that one training run of this shape reads: elements of the input `noise`. */
  noise(batch: number, tokens: number): number;
  /** By what name a person knows the part of the trainables that reaches a node of the file; null where none does. */
  reaching(node: string): string | null;
  onto(ops: Ops, inputs: GraftInputs): Grafted;
}

export interface GraftInputs {
  /** float32 [size] */
  readonly trainable: Value;
  /** float32 [frozen]; null where the graft has none. */
  readonly frozen: Value | null;
  /** float32 [noise]; null outside of training. */
  readonly noise: Value | null;
  readonly batch: number;
  /** Width of the ids, inserted tokens included. */
  readonly tokens: number;
}

/** @param read another value of the file by its name, if it is known by now */
export type Replacement = (value: Value, read: (name: string) => Value) => Value;

export interface Grafted {
  /** Values of the decoder's past inputs by name, [batch, kvHeads, past, headDim]; all of them, or none. */
  readonly pasts?: ReadonlyMap<string, Value>;
  /** What stands in for values of the file, by name: whoever reads the value reads this instead. */
  readonly replace?: ReadonlyMap<string, Replacement>;
}
