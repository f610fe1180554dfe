/** Reading the chunks of a file. */
import type { OpenModelFile } from './files';

type Chunks = OpenModelFile['chunks'];

/** Safari cannot iterate a ReadableStream, so its reader is used. A reader that stops early ends the transfer. */
export async function* iterate(chunks: Chunks): AsyncGenerator<Uint8Array> {
  if (!('getReader' in chunks)) {
    yield* chunks;
    return;
  }
  const reader = chunks.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}

export async function readText(chunks: Chunks): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of iterate(chunks)) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}
