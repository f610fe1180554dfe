/**
 * Where models come from, behind one face: what a source offers, its files, and what of them this browser keeps. The
 * page's library is in `browserLibrary.ts`; the command line has a single model in a folder.
 */
import type { ModelCacheSummary, ModelSource } from '../worker/protocol';
import type { ModelFiles } from './files';
import { graphsOf, type SourceListing } from './variants';

export interface ModelLibrary {
  /** @param signal ends transfers that are under way */
  open(source: ModelSource, signal?: AbortSignal): Promise<ModelFiles>;
  /** @param signal ends the asking */
  list(source: ModelSource, signal?: AbortSignal): Promise<SourceListing>;
  cached(): Promise<ModelCacheSummary>;
  /** Forgets a cached model; nothing happens where there is none with this key. */
  remove(key: string): Promise<void>;
  removeAll(): Promise<void>;
}

/** One model, whatever source is named; nothing is cached. */
export function singleModelLibrary(files: ModelFiles): ModelLibrary {
  return {
    open: async () => files,
    list: async () => ({ name: files.name, commit: null, graphs: graphsOf(files.entries) }),
    cached: async () => ({ models: [], storage: 'memory', usedBytes: 0, quotaBytes: null }),
    remove: async () => {},
    removeAll: async () => {},
  };
}
