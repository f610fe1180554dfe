/** Prompt tuning in PEFT's files. Of P-tuning PEFT saves what its encoder makes, which is a prompt like any other. */
import { AdapterError } from '../errors';
import type { PromptValues } from '../tuning';
import type { AdapterFormat } from './format';
import { EMBEDDINGS, embeddingRows, HINT, ofModel, rowsOf, rowValues } from './virtualTokens';

export const promptFormat: AdapterFormat<PromptValues> = {
  types: ['PROMPT_TUNING', 'P_TUNING'],
  recognises: (tensors, { hidden }) => hidden !== null && rowsOf(tensors)?.dims[1] === hidden,
  config: ({ length, hidden }, baseModel, { heads, layers }) => ({
    auto_mapping: null,
    base_model_name_or_path: baseModel,
    inference_mode: true,
    modules_to_save: null,
    num_attention_heads: heads,
    num_layers: layers,
    num_transformer_submodules: 1,
    num_virtual_tokens: length,
    peft_type: 'PROMPT_TUNING',
    peft_version: '0.21.0',
    prompt_tuning_init: 'RANDOM',
    prompt_tuning_init_text: null,
    revision: null,
    task_type: 'CAUSAL_LM',
    token_dim: hidden,
    tokenizer_kwargs: null,
    tokenizer_name_or_path: null,
  }),
  tensors: ({ length, hidden, values }, { promptScale }) => [
    { name: EMBEDDINGS, dims: [length, hidden], values: scaled(values, 1 / promptScale) },
  ],
  read(context) {
    const { expected, file } = context;
    const tensor = embeddingRows(context);
    const [length = 0, hidden = 0] = tensor.dims;
    if (hidden !== expected.hidden) {
      const wants = expected.hidden === null ? 'cannot take a prompt' : `has embeddings of ${expected.hidden} numbers`;
      throw new AdapterError(
        `This prompt is for another model${ofModel(context)}: its virtual tokens are ${hidden} numbers wide; the loaded model ${wants}.`,
        { file, field: EMBEDDINGS },
        HINT,
      );
    }
    return { method: 'prompt', length, hidden, values: scaled(rowValues(tensor, file), expected.promptScale) };
  },
};

const scaled = (values: Float32Array, factor: number): Float32Array =>
  factor === 1 ? values : values.map((value) => value * factor);
