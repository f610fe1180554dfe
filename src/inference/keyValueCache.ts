/**
 * A key-value cache of static capacity per layer, filled up to its last slot: the prefix, then what was read. So new tokens
 * stand right behind it, as graphs expect that tell distances by slots; with each append it moves on, from one set of
 * tensors into the other, and nothing is reallocated while a text grows. On devices with float16 it holds that.
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

type CacheTensors = Readonly<Record<string, DeviceTensor>>;

export class KeyValueCache {
  private current: CacheTensors;
  /** What the next append writes to; made by the first one. */
  private spare: CacheTensors | null = null;
  /** Slots filled, per row. */
  readonly lengths: Int32Array;

  constructor(
    private readonly loaded: LoadedDecoder,
    private readonly kernels: Kernels,
    readonly batch: number,
    readonly capacity: number,
  ) {
    this.lengths = new Int32Array(batch);
    this.current = this.allocate();
  }

  /** Graph inputs `cache.{layer}.key|value`, each [batch, kvHeads, capacity, headDim]; others after each append. */
  get feeds(): CacheTensors {
    return this.current;
  }

  /** 1 for the slots that row b has filled, of `capacity`: the last ones. */
  maskOf(b: number): BigInt64Array<ArrayBuffer> {
    return new BigInt64Array(this.capacity).fill(1n, this.capacity - (this.lengths[b] as number));
  }

  private allocate(): CacheTensors {
    const { decoder, backend, target } = this.loaded;
    return Object.fromEntries(
      decoder.layers.flatMap(({ kvHeads, headDim }, layer) =>
        (['key', 'value'] as const).map((what) => [
          names.cache(layer, what),
          backend.allocate(cacheType(target), [this.batch, kvHeads, this.capacity, headDim]),
        ]),
      ),
    );
  }

  /** Makes the prefix all that every row has read; null leaves the cache empty. */
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
            out: this.current[names.cache(layer, what)] as DeviceTensor,
          });
          prefixOffset += kvHeads * prefix.length * headDim;
        }
      });
    });
  }

  /** Appends the new keys and values of a run (`new.{layer}.key|value`), `counts[b]` of them per row. */
  append(outputs: Readonly<Record<string, DeviceTensor>>, counts: Int32Array): void {
    const { backend, decoder } = this.loaded;
    const added = backend.upload('int32', [this.batch], bytesOfArray(counts));
    const [cache, out] = [this.current, this.spare ?? this.allocate()];
    this.kernels.batch(() => {
      decoder.layers.forEach((_, layer) => {
        for (const what of ['key', 'value'] as const) {
          const [rows, name] = [outputs[names.fresh(layer, what)] as DeviceTensor, names.cache(layer, what)];
          this.kernels.cacheAppend({
            rows,
            cache: cache[name] as DeviceTensor,
            counts: added,
            out: out[name] as DeviceTensor,
          });
        }
      });
    });
    [this.current, this.spare] = [out, cache];
    counts.forEach((count, b) => {
      this.lengths[b] = (this.lengths[b] as number) + count;
    });
    backend.free(added);
  }

  dispose(): void {
    for (const tensors of [this.current, this.spare ?? {}]) {
      for (const tensor of Object.values(tensors)) this.loaded.backend.free(tensor);
    }
  }
}
