/**
 * An adapter without its part in one layer: virtual tokens that this layer does not see, or low-rank updates that add
 * nothing there. Nothing else changes, so that what the model does worse is what the layer's part was good for.
 */
import { names } from '../autodiff';
import { bytesOfArray, type LoadedDecoder } from '../runtime';
import type { AdapterValues, LoraValues } from '../tuning';
import type { DeviceAdapter, OwnedAdapter } from './deviceAdapter';
import { loraParts } from './loraParts';

/** Added to scores, it leaves nothing of them in a softmax, and is finite, so that no arithmetic on it makes NaN. */
const SWITCHED_OFF = -1e9;

/** @param adapter `values` as they are in use on the device; must stay as long as the result is used */
export function withoutLayer(
  { backend, decoder }: LoadedDecoder,
  values: AdapterValues,
  adapter: DeviceAdapter,
  layer: number,
): OwnedAdapter {
  const upload = (numbers: Float32Array) => backend.upload('float32', [numbers.length], bytesOfArray(numbers));
  if (adapter.kind === 'prefix') {
    const layerBias = upload(Float32Array.from(decoder.layers, (_, i) => (i === layer ? SWITCHED_OFF : 0)));
    return { adapter: { ...adapter, layerBias }, dispose: () => backend.free(layerBias) };
  }
  if (values.method !== 'lora') throw new RangeError('of the methods only LoRA stays in the graph');
  const trainable = upload(loraWithoutLayer(values, layer).values);
  const feeds = { ...adapter.feeds, [names.trainable]: trainable };
  return { adapter: { ...adapter, feeds }, dispose: () => backend.free(trainable) };
}

/** The same with B = 0 in the layer's modules. */
function loraWithoutLayer(lora: LoraValues, layer: number): LoraValues {
  const copy = { ...lora, values: lora.values.slice() };
  for (const part of loraParts(copy)) if (part.layer === layer) part.b.fill(0);
  return copy;
}
