/** A prefix → the folder that PEFT's `save_pretrained` writes, with a model card and Prelude's own record beside it. */
import type { Zippable } from 'fflate';
import { zipSync } from 'fflate';
import type { AdapterValues, PrefixValues } from '../tuning';
import type { AdapterFileSummary, ExportedFile } from '../worker/protocol';
import { modelCard } from './card';
import { rowLength, toPeftRows } from './prefix';
import type { PreludeRecord } from './record';
import { writeRecord } from './record';
import { readSafeTensors, writeSafeTensors } from './safetensors';

export const files = {
  config: 'adapter_config.json',
  weights: 'adapter_model.safetensors',
  record: 'prelude.json',
  card: 'README.md',
} as const;

/** The name of the one tensor. */
export const tensorName = 'prompt_embeddings';

export interface ExportOptions {
  /** What PEFT is to load the base model from: a name on the hub, or the model's folder. */
  readonly baseModel: string;
  readonly record: PreludeRecord;
}

/** adapter_config.json, adapter_model.safetensors, README.md, prelude.json. The same prefix gives the same bytes. */
export function exportAdapter(adapter: AdapterValues, { baseModel, record }: ExportOptions): ExportedFile[] {
  const prefix = adapter as PrefixValues;
  const text = (content: string) => new TextEncoder().encode(content);
  return [
    { name: files.config, bytes: text(adapterConfig(prefix, baseModel)) },
    { name: files.weights, bytes: exportSafeTensors(prefix) },
    { name: files.card, bytes: text(modelCard(prefix, baseModel, record)) },
    { name: files.record, bytes: text(writeRecord(record)) },
  ];
}

/** adapter_model.safetensors alone. */
export function exportSafeTensors(adapter: AdapterValues): Uint8Array<ArrayBuffer> {
  const prefix = adapter as PrefixValues;
  const dims = [prefix.length, rowLength(prefix.geometry)];
  return writeSafeTensors([{ name: tensorName, dims, values: toPeftRows(prefix) }]);
}

/** The keys, their order and the indentation of PEFT 0.21. */
function adapterConfig({ geometry, length }: PrefixValues, baseModel: string): string {
  const tokenDim = geometry.kvHeads * geometry.headDim;
  const config = {
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
  return JSON.stringify(config, null, 2);
}

/** A zip of the files in one folder. The same files give the same bytes at any time. */
export function zipFiles(folder: string, contents: readonly ExportedFile[]): Uint8Array<ArrayBuffer> {
  const entries: Zippable = Object.fromEntries(contents.map(({ name, bytes }) => [`${folder}/${name}`, bytes]));
  // The earliest time a zip can hold; fflate writes it in local time.
  return zipSync(entries, { level: 6, mtime: new Date(1980, 0, 1) });
}

export function describeFiles(contents: readonly ExportedFile[]): AdapterFileSummary {
  const weights = contents.filter(({ name }) => name.endsWith('.safetensors'));
  return {
    files: contents.map(({ name, bytes }) => ({ name, bytes: bytes.byteLength })),
    tensors: weights.flatMap(({ name, bytes }) =>
      [...readSafeTensors(bytes, name).tensors.values()].map((tensor) => ({
        name: tensor.name,
        dataType: tensor.dtype,
        dims: tensor.dims,
      })),
    ),
  };
}
