/** Opening a model that cannot be used: what was loaded until then is freed, and the message says what disagrees. */
import { afterEach, expect, it, vi } from 'vitest';
import { modelFolder } from '../../src/cli/localFolder';
import type { ModelFiles } from '../../src/models';
import { LoadedDecoder } from '../../src/runtime';
import { openModel } from '../../src/worker/openModel';

afterEach(() => vi.restoreAllMocks());

async function withConfig(change: (config: Record<string, unknown>) => void): Promise<ModelFiles> {
  const files = await modelFolder('public/models/fable-7m');
  return {
    ...files,
    async text(path) {
      const text = await files.text(path);
      if (path !== 'config.json' || text === null) return text;
      const config = JSON.parse(text);
      change(config);
      return JSON.stringify(config);
    },
  };
}

it('frees weights and backend where config.json belongs to another model', async () => {
  const load = vi.spyOn(LoadedDecoder, 'load');
  const files = await withConfig((config) => {
    config.num_hidden_layers = 9;
  });
  await expect(openModel(files, 'wasm', () => {}, 1)).rejects.toThrow(
    'config.json says num_hidden_layers is 9, but the ONNX file has 8.',
  );
  const loaded = await (load.mock.results[0]?.value as Promise<LoadedDecoder>);
  expect(loaded.backend.live()).toEqual({ tensors: 0, bytes: 0, sessions: 0 });
});
