/** Runs in the page: the engine in its worker loads a model of the hub onto the GPU. */
import { connectEngine } from '../../worker';
import type { ModelCacheSummary } from '../../worker/protocol';

/** Resolves when the last weight is on the device. @returns what is in the cache then */
export async function loadWeights(hubUrl: string, repo: string): Promise<ModelCacheSummary> {
  const engine = connectEngine({ hubUrl });
  await new Promise<void>((resolve, reject) => {
    engine
      .loadModel({ type: 'hub', repo, revision: 'main' }, 'webgpu', ({ status }) => {
        if (status !== 'downloading') resolve();
      })
      .catch(reject);
  });
  return engine.cachedModels();
}
