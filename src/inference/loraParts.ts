/** A LoRA's numbers module by module, and which layer of the model each module belongs to. */
import type { LoraModule, LoraValues } from '../tuning';

export interface LoraPart {
  readonly module: LoraModule;
  /** From 0; −1 for a module outside of the layers. */
  readonly layer: number;
  /** [rank, inFeatures], of the LoRA's own numbers. */
  readonly a: Float32Array;
  /** [outFeatures, rank], of the LoRA's own numbers. */
  readonly b: Float32Array;
}

export function loraParts({ rank, modules, values }: LoraValues): LoraPart[] {
  let offset = 0;
  const take = (size: number) => {
    offset += size;
    return values.subarray(offset - size, offset);
  };
  return modules.map((module) => ({
    module,
    layer: layerOf(module.path),
    a: take(rank * module.inFeatures),
    b: take(module.outFeatures * rank),
  }));
}

/** The first number in a path is the layer's, in whatever list it stands: `model.layers.3.mlp.up_proj`. */
const layerOf = (path: string): number => Number(path.split('.').find((part) => /^\d+$/.test(part)) ?? -1);
