/** The page's library: models beside the page and files at hand. */
import { ModelError } from '../errors';
import type { ModelSource } from '../worker/protocol';
import { bundledModelFiles } from './catalogue';
import type { ModelLibrary } from './library';
import { localFile, localListing, localModelFiles } from './local';
import { graphsOf, type SourceListing } from './variants';

export interface LibraryOptions {
  /** Absolute address of the page's `models/` folder. */
  readonly modelsUrl: string;
}

export function browserLibrary({ modelsUrl }: LibraryOptions): ModelLibrary {
  return {
    async open(source) {
      if (source.type === 'bundled') return bundledModelFiles(source.name, modelsUrl);
      if (source.type === 'files') return localModelFiles(source.files.map(localFile), source.onnxPath);
      throw notReachable(source);
    },
    async list(source): Promise<SourceListing> {
      if (source.type === 'files') return localListing(source.files.map(localFile));
      if (source.type !== 'bundled') throw notReachable(source);
      const { name, entries } = bundledModelFiles(source.name, modelsUrl);
      return { name, commit: null, graphs: graphsOf(entries) };
    },
    cached: async () => ({ models: [], storage: 'memory', usedBytes: 0, quotaBytes: null }),
    remove: async () => {},
    removeAll: async () => {},
  };
}

const notReachable = (source: ModelSource) =>
  new ModelError(`A model of the kind "${source.type}" cannot be reached.`, {}, 'Drop the files of the model instead.');
