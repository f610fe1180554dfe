/**
 * Prefix-tuning in PEFT's files. With `prefix_projection` PEFT saves what its network makes of the embeddings, and a
 * Cartridge holds the same tensor, so that all three are read alike.
 */
import { AdapterError } from '../errors';
import type { PrefixValues } from '../tuning';
import type { AdapterFormat, ReadContext } from './format';
import { fromPeftRows, rowLength, toPeftRows } from './prefix';
import { EMBEDDINGS, embeddingRows, HINT, ofModel, rowsOf, rowValues } from './virtualTokens';

export const prefixFormat: AdapterFormat<PrefixValues> = {
  types: ['PREFIX_TUNING', 'CARTRIDGE'],
  recognises: (tensors, expected) => rowsOf(tensors)?.dims[1] === rowLength(expected),
  config({ geometry, length }, baseModel) {
    const tokenDim = geometry.kvHeads * geometry.headDim;
    return {
      auto_mapping: null,
      base_model_name_or_path: baseModel,
      encoder_hidden_size: tokenDim,
      inference_mode: true,
      init_weights: null,
      modules_to_save: null,
      // PEFT reshapes by these two; for grouped-query attention they are those of the keys and values.
      num_attention_heads: geometry.kvHeads,
      num_layers: geometry.layers,
      num_transformer_submodules: 1,
      num_virtual_tokens: length,
      peft_type: 'PREFIX_TUNING',
      peft_version: '0.21.0',
      prefix_projection: false,
      revision: null,
      task_type: 'CAUSAL_LM',
      token_dim: tokenDim,
    };
  },
  tensors: (prefix) => [
    { name: EMBEDDINGS, dims: [prefix.length, rowLength(prefix.geometry)], values: toPeftRows(prefix) },
  ],
  read(context) {
    const { expected, file } = context;
    const tensor = embeddingRows(context);
    checkGeometry(context, tensor.dims[1] ?? 0);
    const { layers, kvHeads, headDim } = expected;
    return fromPeftRows(rowValues(tensor, file), { layers, kvHeads, headDim }, tensor.dims[0] ?? 0);
  },
};

function checkGeometry(context: ReadContext, width: number): void {
  const { config, expected, file } = context;
  const wants = `${expected.layers} layers with ${expected.kvHeads} key/value heads of ${expected.headDim}`;
  const { num_layers: layers, num_attention_heads: heads, token_dim: tokenDim } = config ?? {};
  if (layers != null && heads != null && tokenDim != null) {
    const fits =
      layers === expected.layers && heads === expected.kvHeads && tokenDim === expected.kvHeads * expected.headDim;
    if (!fits) {
      throw new AdapterError(
        `This adapter is for another model${ofModel(context)}: ${layers} layers with ${heads} key/value heads of ${tokenDim / heads}. The loaded model has ${wants}.`,
        { file: 'adapter_config.json', field: 'num_layers' },
        HINT,
      );
    }
  }
  if (width !== rowLength(expected)) {
    throw new AdapterError(
      `This adapter is for another model${ofModel(context)}: it has ${width} numbers for each virtual token, the loaded model needs ${rowLength(expected)} (${wants}).`,
      { file, field: EMBEDDINGS },
      HINT,
    );
  }
}
