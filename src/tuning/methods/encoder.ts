/**
 * A small network that makes virtual tokens from embeddings of its own, as prefix-tuning (Li & Liang 2021, §4.3) and
 * P-tuning (Liu et al. 2021) do for a steadier training. It is trained in their place and folded into them when it is done.
 */
import type { Ops, Value } from '../../autodiff';
import type { Random } from '../random';

export interface EncoderShape {
  /** Virtual tokens P. */
  readonly length: number;
  /** Widths from the embeddings to the output: [embedding, hidden, …, output]. */
  readonly widths: readonly number[];
  readonly activation: 'tanh' | 'relu';
}

interface Part {
  readonly dims: readonly number[];
  readonly inputs: number;
}

/** Parameters in order: the embeddings [P, widths[0]], then for each layer W [out, in] and b [out]. */
function partsOf({ length, widths }: EncoderShape): Part[] {
  const layers = widths.slice(1).flatMap((outputs, i) => {
    const inputs = widths[i] as number;
    return [
      { dims: [outputs, inputs], inputs },
      { dims: [outputs], inputs },
    ];
  });
  return [{ dims: [length, widths[0] as number], inputs: 0 }, ...layers];
}

const elements = ({ dims }: Part): number => dims.reduce((product, dim) => product * dim, 1);

export const encoderSize = (shape: EncoderShape): number =>
  partsOf(shape).reduce((size, part) => size + elements(part), 0);

/** @param parameters [encoderSize]. @returns [P, widths.at(-1)] */
export function encode(ops: Ops, shape: EncoderShape, parameters: Value): Value {
  const parts = partsOf(shape);
  const values = ops.split(parameters, 0, parts.map(elements));
  const [embeddings, ...layers] = values.map((value, i) => ops.reshape(value, (parts[i] as Part).dims));
  let x = embeddings as Value;
  for (let i = 0; i < layers.length; i += 2) {
    const product = ops.matmul(x, layers[i] as Value, { transB: true });
    x = ops.add(product, layers[i + 1] as Value);
    if (i + 2 < layers.length) x = shape.activation === 'tanh' ? ops.tanh(x) : ops.emit('Relu', [x]);
  }
  return x;
}

/**
 * Embeddings from N(0, 1) and layers uniform within ±1/√inputs, as `torch.nn.Embedding` and `torch.nn.Linear`.
 * @param silent the last layer starts at zero, and with it the output
 */
export function initialEncoder(shape: EncoderShape, random: Random, silent: boolean): Float32Array<ArrayBuffer> {
  const values = new Float32Array(encoderSize(shape));
  const parts = partsOf(shape);
  let offset = 0;
  parts.forEach((part, i) => {
    const size = elements(part);
    const bound = 1 / Math.sqrt(part.inputs);
    const isLast = i >= parts.length - 2;
    for (let k = 0; k < size && !(silent && isLast); k++) {
      values[offset + k] = i === 0 ? random.normal() : bound * (2 * random.uniform() - 1);
    }
    offset += size;
  });
  return values;
}

/** The same on the host, to fold a trained encoder into what it makes. */
export function encodeOnHost(shape: EncoderShape, parameters: Float32Array): Float32Array<ArrayBuffer> {
  const { length, widths, activation } = shape;
  const [embedding = 0] = widths;
  let offset = length * embedding;
  let x = Float32Array.from(parameters.subarray(0, offset));
  widths.slice(1).forEach((outputs, i) => {
    const inputs = widths[i] as number;
    const weight = parameters.subarray(offset, offset + outputs * inputs);
    const bias = parameters.subarray(offset + weight.length, offset + weight.length + outputs);
    offset += weight.length + bias.length;
    const isLast = i === widths.length - 2;
    const y = new Float32Array(length * outputs);
    for (let t = 0; t < length; t++) {
      for (let o = 0; o < outputs; o++) {
        let sum = bias[o] as number;
        for (let k = 0; k < inputs; k++) sum += (weight[o * inputs + k] as number) * (x[t * inputs + k] as number);
        y[t * outputs + o] = isLast ? sum : activation === 'tanh' ? Math.tanh(sum) : Math.max(0, sum);
      }
    }
    x = y;
  });
  return x;
}
