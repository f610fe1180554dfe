/** One of the golden decoders with a tokenizer of bytes, as a repository of the hub. */
import { readFileSync } from 'node:fs';

export const TINY_GRAPH = 'onnx/model_q4.onnx';

const file = (path: string) => new Uint8Array(readFileSync(new URL(`../${path}`, import.meta.url)));

export const tinyHubModel = {
  'config.json': file('fixtures/llama_q4/config.json'),
  'tokenizer.json': file('e2e/byte_tokenizer/tokenizer.json'),
  'tokenizer_config.json': file('e2e/byte_tokenizer/tokenizer_config.json'),
  [TINY_GRAPH]: file('fixtures/llama_q4/model.onnx'),
};

export const tinyHubModelBytes = Object.values(tinyHubModel).reduce((sum, { length }) => sum + length, 0);
