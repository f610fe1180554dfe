/** Reading and writing node attributes without ceremony. */
import type { Attribute, TensorData } from '../onnx';
import type { Attributes } from './types';

export const int = (value: number): Attribute => ({ type: 'int', value });
export const float = (value: number): Attribute => ({ type: 'float', value });
export const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });
export const text = (value: string): Attribute => ({ type: 'string', value });

type ValueOf<T extends Attribute['type']> = Extract<Attribute, { type: T }>['value'];

function read<T extends Attribute['type']>(attributes: Attributes, name: string, type: T): ValueOf<T> | undefined {
  const attribute = attributes[name];
  return (attribute?.type === type ? attribute.value : undefined) as ValueOf<T> | undefined;
}

export const intOf = (a: Attributes, name: string, fallback: number): number => read(a, name, 'int') ?? fallback;
export const floatOf = (a: Attributes, name: string, fallback: number): number => read(a, name, 'float') ?? fallback;
export const textOf = (a: Attributes, name: string, fallback: string): string => read(a, name, 'string') ?? fallback;
export const intsOf = (a: Attributes, name: string): readonly number[] | undefined => read(a, name, 'ints');
export const tensorOf = (a: Attributes, name: string): TensorData | undefined => read(a, name, 'tensor');
