/** An adapter → the folder that PEFT's `save_pretrained` writes, with a model card and Prelude's own record beside it. */
import type { Zippable } from 'fflate';
import { zipSync } from 'fflate';
import { z } from 'zod/mini';
import type { AdapterValues } from '../tuning';
import type { AdapterFileSummary, ExportedFile } from '../worker/protocol';
import { modelCard, renameCard } from './card';
import type { ModelGeometry } from './format';
import { PeftConfig } from './format';
import { formatOf } from './formats';
import type { PreludeRecord } from './record';
import { readRecord, writeRecord } from './record';
import { readSafeTensors, toFloat32, writeSafeTensors } from './safetensors';

export const files = {
  config: 'adapter_config.json',
  weights: 'adapter_model.safetensors',
  record: 'prelude.json',
  card: 'README.md',
} as const;

export interface ExportOptions {
  /** What PEFT is to load the base model from: a name on the hub, or the model's folder. */
  readonly baseModel: string;
  readonly model: ModelGeometry;
  readonly record: PreludeRecord;
}

/** adapter_config.json, adapter_model.safetensors, README.md, prelude.json. The same adapter gives the same bytes. */
export function exportAdapter(adapter: AdapterValues, { baseModel, model, record }: ExportOptions): ExportedFile[] {
  const text = (content: string) => new TextEncoder().encode(content);
  const config = formatOf(adapter).config(adapter, baseModel, model);
  return [
    { name: files.config, bytes: text(JSON.stringify(config, null, 2)) },
    { name: files.weights, bytes: exportSafeTensors(adapter, model) },
    { name: files.card, bytes: text(modelCard(adapter, baseModel, record)) },
    { name: files.record, bytes: text(writeRecord(record)) },
  ];
}

/** An exported folder as it would be had the adapter always had this name. */
export function renameFiles(contents: readonly ExportedFile[], name: string): ExportedFile[] {
  const change = (file: ExportedFile, to: (text: string) => string): ExportedFile => ({
    name: file.name,
    bytes: new TextEncoder().encode(to(new TextDecoder().decode(file.bytes))),
  });
  return contents.map((file) => {
    switch (file.name) {
      case files.card:
        return change(file, (card) => renameCard(card, name));
      case files.record:
        return change(file, (record) => writeRecord({ ...readRecord(record, file.name), name }));
      default:
        return file;
    }
  });
}

/** adapter_model.safetensors as PEFT writes it, for use with its config. */
export const exportSafeTensors = (adapter: AdapterValues, model: ModelGeometry): Uint8Array<ArrayBuffer> =>
  writeSafeTensors(formatOf(adapter).tensors(adapter, model));

/** The weights of an exported folder as a file that stands alone: its metadata tells how strong LoRA is, as the config does. */
export function exportSingleFile(contents: readonly ExportedFile[]): Uint8Array<ArrayBuffer> {
  const bytesOf = (name: string) => contents.find((file) => file.name === name)?.bytes ?? new Uint8Array();
  const { lora_alpha: alpha } = z.parse(PeftConfig, JSON.parse(new TextDecoder().decode(bytesOf(files.config))));
  const { tensors, metadata } = readSafeTensors(bytesOf(files.weights), files.weights);
  const floats = [...tensors.values()].map((tensor) => ({ ...tensor, values: toFloat32(tensor, files.weights) }));
  return writeSafeTensors(floats, alpha == null ? metadata : { ...metadata, lora_alpha: String(alpha) });
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
