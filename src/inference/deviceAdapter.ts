/**
 * An adapter as inference uses it, on the device. What fills slots or stands in front of the text is a prefix in the
 * key-value cache, encoded once; what changes the model's own layers stays in the graph and reads its numbers from there.
 */
import { type AttentionTap, type Graft, names, prefixSize } from '../autodiff';
import type { DeviceTensor, LoadedDecoder } from '../runtime';
import type { DeviceTrainables } from '../tuning';
import type { DevicePrefix } from './keyValueCache';

type Tensors = Readonly<Record<string, DeviceTensor>>;

export type DeviceAdapter =
  | {
      readonly kind: 'prefix';
      readonly prefix: DevicePrefix;
      /** [layers], added to the scores of the prefix's slots in each layer; see ablation.ts. */
      readonly layerBias?: DeviceTensor;
    }
  /** `feeds`: the graft's inputs, bound at every run. */
  | { readonly kind: 'graft'; readonly graft: Graft; readonly feeds: Tensors };

export interface OwnedAdapter {
  readonly adapter: DeviceAdapter;
  /** Frees what was computed for it; not the trainables. */
  dispose(): void;
}

/** Slots of the cache that the adapter takes. */
export const slotsOf = (adapter: DeviceAdapter | null): number =>
  adapter?.kind === 'prefix' ? adapter.prefix.length : 0;

export const prefixOf = (adapter: DeviceAdapter | null): DevicePrefix | null =>
  adapter?.kind === 'prefix' ? adapter.prefix : null;

export interface InGraph {
  readonly graft: Graft | null;
  readonly feeds: Tensors;
  /** Belongs into the graph's shape. */
  readonly tapped: { readonly tap?: AttentionTap };
}

/** What forward graphs are compiled with and fed beside the cache. */
export function inGraph(adapter: DeviceAdapter | null): InGraph {
  if (adapter?.kind === 'graft') return { ...adapter, tapped: {} };
  const layerBias = adapter?.layerBias;
  if (!layerBias) return { graft: null, feeds: {}, tapped: {} };
  return { graft: null, feeds: { [names.layerBias]: layerBias }, tapped: { tap: { kind: 'bias' } } };
}

/** @param trainables must stay as long as the adapter is used */
export async function adapterOf(
  loaded: LoadedDecoder,
  graft: Graft,
  { trainable, frozen }: DeviceTrainables,
): Promise<OwnedAdapter> {
  const feeds = { [names.trainable]: trainable, ...(frozen && { [names.frozen]: frozen }) };
  const length = graft.past + graft.inserted;
  if (length === 0) return { adapter: { kind: 'graft', graft, feeds }, dispose: () => {} };
  if (graft.isPrefix) {
    return { adapter: { kind: 'prefix', prefix: { parameters: trainable, length } }, dispose: () => {} };
  }
  const { backend, decoder } = loaded;
  const program = await loaded.prefix(graft);
  const parameters = backend.allocate('float32', [prefixSize(decoder, length)]);
  try {
    await program.run(feeds, { [names.prefix]: parameters });
  } catch (error) {
    backend.free(parameters);
    throw error;
  }
  return { adapter: { kind: 'prefix', prefix: { parameters, length } }, dispose: () => backend.free(parameters) };
}
