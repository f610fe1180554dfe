/** Numbers of a file that must be numbers. */
import { AdapterError } from '../errors';
import { type SafeTensor, toFloat32 } from './safetensors';

/**
 * @param place of an element, for the error: `in virtual token 3`
 * @throws AdapterError where an element is infinite or no number
 */
export function finiteValues(tensor: SafeTensor, file: string, place: (index: number) => string): Float32Array {
  const values = toFloat32(tensor, file);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return values;
  throw new AdapterError(
    `${file} holds a number that is not finite, ${place(bad)}.`,
    { file, field: tensor.name },
    'The training diverged; export an earlier adapter.',
  );
}
