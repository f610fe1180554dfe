/** What the files of prefix-tuning and prompt tuning share: one tensor, a row for each virtual token. */
import { AdapterError } from '../errors';
import { finiteValues } from './finite';
import type { ReadContext } from './format';
import type { SafeTensor } from './safetensors';

/** The name of the one tensor. */
export const EMBEDDINGS = 'prompt_embeddings';

export const HINT = 'Load the model that this adapter was made for.';

export const rowsOf = (tensors: ReadonlyMap<string, SafeTensor>): SafeTensor | null => {
  const tensor = tensors.get(EMBEDDINGS);
  return tensor?.dims.length === 2 && (tensor.dims[0] ?? 0) > 0 ? tensor : null;
};

/** ` (owner/name)`, after the words "another model". */
export const ofModel = ({ config }: ReadContext): string =>
  config?.base_model_name_or_path ? ` (${config.base_model_name_or_path})` : '';

/** @throws AdapterError where there is no such tensor, or it holds other numbers than its config says */
export function embeddingRows(context: ReadContext): SafeTensor {
  const { config, tensors, file } = context;
  const tensor = rowsOf(tensors);
  if (!tensor) {
    const names = [...tensors.keys()].slice(0, 3).join(', ');
    throw new AdapterError(
      `${file} holds no virtual tokens: a tensor "${EMBEDDINGS}" of two dimensions is missing${names === '' ? '' : `, it has ${names}`}.`,
      { file, field: EMBEDDINGS },
      'Choose an adapter that PEFT or Prelude has written.',
    );
  }
  const [length] = tensor.dims;
  const tokens = config?.num_virtual_tokens;
  if (tokens != null && tokens !== length) {
    throw new AdapterError(
      `${file} holds ${length} virtual tokens where its config says ${tokens}.`,
      { file, field: 'num_virtual_tokens' },
      'The files do not belong together: choose both from the same folder.',
    );
  }
  return tensor;
}

/** The rows as numbers. @throws AdapterError naming the virtual token where one is not finite */
export const rowValues = (tensor: SafeTensor, file: string): Float32Array =>
  finiteValues(tensor, file, (index) => `in virtual token ${Math.floor(index / (tensor.dims[1] ?? 1)) + 1}`);
