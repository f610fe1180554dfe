/**
 * A key-value cache of static capacity per layer: the first slots hold the prefix, tokens follow. Swapping the prefix
 * rewrites these slots and nothing else; no tensor is reallocated while a text grows. On devices with float16 it holds that.
 */
import { cacheType, names } from '../autodiff';
import type { Kernels } from '../kernels';
import type { DeviceTensor, LoadedDecoder } from '../runtime';
import { bytesOfArray } from '../runtime';

/** The trainables of a prefix on the device, [layers, 2, kvHeads, length, headDim]. */
export interface DevicePrefix {
  readonly parameters: DeviceTensor;
  readonly length: number;
}

export class KeyValueCache {
  /** Graph inputs `cache.{layer}.key|value`, each [batch, kvHeads, capacity, headDim]. */
  readonly feeds: Readonly<Record<string, DeviceTensor>>;
  /** Slots filled, per row. */
  readonly lengths: Int32Array;

  constructor(
    private readonly loaded: LoadedDecoder,
    private readonly kernels: Kernels,
    readonly batch: number,
    readonly capacity: number,
  ) {
    this.lengths = new Int32Array(batch);
    this.feeds = Object.fromEntries(
      loaded.decoder.layers.flatMap(({ kvHeads, headDim }, layer) =>
        (['key', 'value'] as const).map((what) => [
          names.cache(layer, what),
          loaded.backend.allocate(cacheType(loaded.target), [batch, kvHeads, capacity, headDim]),
        ]),
      ),
    );
  }

  /** Puts the prefix in the first slots of every row and forgets what follows; null leaves the cache empty. */
  reset(prefix: DevicePrefix | null): void {
    this.lengths.fill(prefix?.length ?? 0);
    if (!prefix) return;
    let prefixOffset = 0;
    this.kernels.batch(() => {
      this.loaded.decoder.layers.forEach(({ kvHeads, headDim }, layer) => {
        for (const what of ['key', 'value'] as const) {
          this.kernels.prefixConcat({
            prefix: prefix.parameters,
            prefixOffset,
            prefixLength: prefix.length,
            out: this.tensor(layer, what),
          });
          prefixOffset += kvHeads * prefix.length * headDim;
        }
      });
    });
  }

  /** Appends the new keys and values of a run (`new.{layer}.key|value`), `counts[b]` of them per row. */
  append(outputs: Readonly<Record<string, DeviceTensor>>, counts: Int32Array): void {
    const { backend, decoder } = this.loaded;
    const lengths = backend.upload('int32', [this.batch], bytesOfArray(this.lengths));
    const added = backend.upload('int32', [this.batch], bytesOfArray(counts));
    this.kernels.batch(() => {
      decoder.layers.forEach((_, layer) => {
        for (const what of ['key', 'value'] as const) {
          const rows = outputs[names.fresh(layer, what)] as DeviceTensor;
          this.kernels.cacheAppend({ rows, cache: this.tensor(layer, what), lengths, counts: added });
        }
      });
    });
    counts.forEach((count, b) => {
      this.lengths[b] = (this.lengths[b] as number) + count;
    });
    backend.free(lengths);
    backend.free(added);
  }

  private tensor(layer: number, what: 'key' | 'value'): DeviceTensor {
    return this.feeds[names.cache(layer, what)] as DeviceTensor;
  }

  dispose(): void {
    for (const tensor of Object.values(this.feeds)) this.loaded.backend.free(tensor);
  }
}
