/**
 * The page's engine in Node, with a dataset small enough for a run of a few seconds: on the bundled model, or, where a test
 * is about what the engine does with runs and not about what a model learns, on a tiny one.
 */
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { localModelFiles, type ModelFiles, singleModelLibrary } from '../../src/models';
import { LoadedDecoder } from '../../src/runtime';
import { PreludeEngine } from '../../src/worker/engine';
import type { TuneSettings } from '../../src/worker/protocol';
import type { RunStore } from '../../src/worker/store';
import { folderModelFiles } from '../models/nodeFiles';
import { once } from './fixtures';
import { ignore, textSource } from './source';
import { tinyHubModel } from './tinyHubModel';

const bundledFolder = fileURLToPath(new URL('../../public/models/fable-7m', import.meta.url));

export const bundledFiles = () => folderModelFiles(bundledFolder);
/** Two layers of random weights and a tokenizer of bytes. */
const tinyFiles = (): ModelFiles =>
  localModelFiles(
    Object.entries(tinyHubModel).map(([path, bytes]) => ({
      path: `tiny/${path}`,
      bytes: bytes.byteLength,
      open: () => once(bytes),
    })),
  );

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
export function nodeEngine(store?: RunStore, files: ModelFiles = bundledFiles()): NodeEngine {
  const load = vi.spyOn(LoadedDecoder, 'load');
  return {
    engine: new PreludeEngine({
      models: singleModelLibrary(files),
      ...(store && { store: Promise.resolve(store) }),
    }),
    async decoder() {
      const decoder = await load.mock.results.at(-1)?.value;
      if (!(decoder instanceof LoadedDecoder)) throw new Error('no model was loaded');
      return decoder;
    },
  };
}

export const tinyEngine = (store?: RunStore): NodeEngine => nodeEngine(store, tinyFiles());

/** An engine with the bundled model and the reviews. */
export const readyEngine = (store?: RunStore): Promise<NodeEngine> => readied(nodeEngine(store));

/** An engine with the tiny model and the reviews. */
export const readyTinyEngine = (store?: RunStore): Promise<NodeEngine> => readied(tinyEngine(store));

async function readied(made: NodeEngine): Promise<NodeEngine> {
  await made.engine.loadModel(bundledSource, 'wasm', () => {});
  await made.engine.setDataset(textSource('reviews.csv', reviews), { validationFraction: 0.2, seed: 1 }, ignore);
  return made;
}
