/** The model's own graph, run as the file has it, says what our graphs say. */
import { describe, expect, it } from 'vitest';
import { cachedReader, originalReader } from '../../src/inference';
import { OriginalGraph, relativeError } from '../../src/runtime';
import { openTiny, randomIds } from '../support/tinyModel';

describe('reading with the own graph', () => {
  it.each([
    ['llama_tjs_q4', 1e-5], // fused attention, positions inside
    ['llama_sep_q4', 1e-5], // positions as an input
    ['llama_sep_q4f16', 1e-2], // keys and values of float16, computed in it
    ['gpt2_merged', 1e-5], // a branch with and one without a past
    ['opt_llama_q8', 0.2], // activations rounded to int8, which ours leave alone
  ])('of %s', async (fixture, tolerance) => {
    const { backend, loaded, kernels, dispose } = await openTiny(fixture, { weights: 'quantized' });
    const graph = await OriginalGraph.open(loaded);
    const own = originalReader(graph);
    const ours = cachedReader(loaded, kernels, null, 64);
    for (const text of [randomIds(1, 7), randomIds(2, 1), randomIds(3, 4)]) {
      const [actual, expected] = [await own.read(text), await ours.read(text)];
      expect(actual).toHaveLength(expected.length);
      expect(relativeError(actual, expected)).toBeLessThan(tolerance);
    }
    own.dispose();
    ours.dispose();
    await graph.release();
    await dispose();
    expect(backend.live()).toEqual({ tensors: 0, bytes: 0, sessions: 0 });
  });

  it('leaves nothing behind', async () => {
    const { backend, loaded, dispose } = await openTiny('llama_tjs_q4', { weights: 'quantized' });
    const graph = await OriginalGraph.open(loaded);
    const before = backend.live();
    const reader = originalReader(graph);
    await reader.read([1, 2, 3]);
    await reader.read([4]);
    reader.dispose();
    expect(backend.live()).toEqual(before);
    await graph.release();
    await dispose();
  });
});
