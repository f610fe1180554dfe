/** The page's engine in Node, on the bundled model and a dataset small enough for a run of a few seconds. */
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { singleModelLibrary } from '../../src/models';
import { LoadedDecoder } from '../../src/runtime';
import { PreludeEngine } from '../../src/worker/engine';
import type { TuneSettings } from '../../src/worker/protocol';
import type { RunStore } from '../../src/worker/store';
import { folderModelFiles } from '../models/nodeFiles';
import { ignore, textSource } from './source';

const bundledFolder = fileURLToPath(new URL('../../public/models/fable-7m', import.meta.url));

export const bundledFiles = () => folderModelFiles(bundledFolder);
export const bundledSource = { type: 'bundled', name: 'fable-7m' } as const;

const things = ['cake', 'song', 'dog', 'boat', 'story', 'garden', 'hat', 'walk'];
const words = { good: ['lovely', 'kind', 'sweet'], bad: ['awful', 'mean', 'sour'] } as const;

/** 48 rows, two labels. */
export const reviews = [
  'text,label',
  ...things.flatMap((thing) =>
    Object.entries(words).flatMap(([label, adjectives]) =>
      adjectives.map((adjective) => `The ${thing} was ${adjective}.,${label}`),
    ),
  ),
].join('\n');

export const quickMethod = {
  type: 'prefix',
  length: 4,
  init: { type: 'text', text: 'Is it good or bad?' },
  projection: null,
  frozenTokens: 0,
} as const;

export const quickRun: TuneSettings = {
  method: quickMethod,
  steps: 3,
  learningRate: 0.02,
  batchSize: 2,
  microBatchSize: 2,
  memoryBudgetMiB: 'auto',
  warmupSteps: 1,
  weightDecay: 0,
  maxGradNorm: 1,
  evalEvery: 10,
  seed: 1,
};

export interface NodeEngine {
  readonly engine: PreludeEngine;
  /** The decoder of the last model that was loaded: its weights, and what is alive on its backend. */
  decoder(): Promise<LoadedDecoder>;
}

/** @param store what survives from one engine to the next */
export function nodeEngine(store?: RunStore): NodeEngine {
  const load = vi.spyOn(LoadedDecoder, 'load');
  return {
    engine: new PreludeEngine({
      models: singleModelLibrary(bundledFiles()),
      ...(store && { store: Promise.resolve(store) }),
    }),
    async decoder() {
      const decoder = await load.mock.results.at(-1)?.value;
      if (!(decoder instanceof LoadedDecoder)) throw new Error('no model was loaded');
      return decoder;
    },
  };
}

/** An engine with the bundled model and the reviews. */
export async function readyEngine(store?: RunStore): Promise<NodeEngine> {
  const made = nodeEngine(store);
  await made.engine.loadModel(bundledSource, 'wasm', () => {});
  await made.engine.setDataset(textSource('reviews.csv', reviews), { validationFraction: 0.2, seed: 1 }, ignore);
  return made;
}
