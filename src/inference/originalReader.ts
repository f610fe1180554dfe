/** Reads tokens with the model's own graph, for models that ours cannot be made of. There is no prefix. */
import type { OriginalGraph } from '../runtime';
import { PREFILL_CHUNK, type Reader } from './generate';

export function originalReader(graph: OriginalGraph): Reader {
  let past = graph.start();
  return {
    atOnce: PREFILL_CHUNK,
    async read(tokenIds) {
      const result = await graph.read(tokenIds, past);
      past = result.past;
      return result.logits;
    },
    dispose: () => graph.forget(past),
  };
}
