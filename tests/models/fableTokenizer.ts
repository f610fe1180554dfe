/** The bundled model's tokenizer, for tests. */
import { readFileSync } from 'node:fs';
import { createTokenizer, type ModelTokenizer } from '../../src/models';

export const fableFolder = new URL('../../public/models/fable-7m/', import.meta.url);

export function fableText(file: string): string {
  return readFileSync(new URL(file, fableFolder), 'utf8');
}

export function fableTokenizer(): ModelTokenizer {
  const tokenizerJson = fableText('tokenizer.json');
  return createTokenizer(
    { tokenizerJson, tokenizerConfig: fableText('tokenizer_config.json'), chatTemplate: null },
    [0, 3],
  );
}
