/**
 * The page's library: models beside the page, of the hub, at an address, and files at hand. Its cache is opened when the
 * first source asks for it.
 */
import type { ModelSource } from '../worker/protocol';
import { Address } from './address';
import type { BlobStore } from './cache/blobStore';
import { browserLocks, type Locks } from './cache/locks';
import { ModelCache } from './cache/modelCache';
import { openBlobStore } from './cache/openBlobStore';
import { bundledModelFiles } from './catalogue';
import { Hub } from './hub';
import type { ModelLibrary } from './library';
import { localFile, localListing, localModelFiles } from './local';
import type { RemoteContext } from './remote';
import { systemClock } from './transfer/clock';
import type { Network } from './transfer/network';
import { graphsOf } from './variants';

export interface LibraryOptions {
  /** Absolute address of the page's `models/` folder. */
  readonly modelsUrl: string;
  readonly hubUrl?: string;
  readonly network?: Partial<Network>;
  readonly openStore?: () => Promise<BlobStore>;
  readonly locks?: Locks;
  readonly chunkBytes?: number;
}

const HUB_URL = 'https://huggingface.co';
const STALL_MS = 30_000;

export function browserLibrary(options: LibraryOptions): ModelLibrary {
  const { modelsUrl, hubUrl = HUB_URL, openStore = openBlobStore, locks = browserLocks(), chunkBytes } = options;
  let opened: Promise<ModelCache> | undefined;
  let persisted = false;
  const context: RemoteContext = {
    network: {
      fetch: (input, init) => fetch(input, init),
      clock: systemClock,
      random: Math.random,
      stallMs: STALL_MS,
      ...options.network,
    },
    cache: () => {
      opened ??= openStore().then((store) => new ModelCache(store, locks, chunkBytes));
      return opened;
    },
    onLarge() {
      if (persisted) return;
      persisted = true;
      void globalThis.navigator?.storage?.persist?.().catch(() => false);
    },
  };
  const hub = new Hub(hubUrl, context);
  const address = new Address(context);
  const never = new AbortController().signal;
  const resolved = (source: ModelSource): ModelSource => {
    const ofHub = source.type === 'url' ? hub.sourceOf(source.url) : null;
    return ofHub ?? source;
  };
  return {
    async open(given, signal = never) {
      const source = resolved(given);
      switch (source.type) {
        case 'bundled':
          return bundledModelFiles(source.name, modelsUrl);
        case 'files':
          return localModelFiles(localFiles(source), source.onnxPath);
        case 'hub':
          return hub.open(source, signal);
        case 'url':
          return address.open(source, signal);
        default:
          return source satisfies never;
      }
    },
    async list(given, signal = never) {
      const source = resolved(given);
      switch (source.type) {
        case 'bundled': {
          const { name, entries } = bundledModelFiles(source.name, modelsUrl);
          return { name, commit: null, graphs: graphsOf(entries) };
        }
        case 'files':
          return localListing(localFiles(source));
        case 'hub':
          return hub.list(source, signal);
        case 'url':
          return address.list(source, signal);
        default:
          return source satisfies never;
      }
    },
    cached: async () => (await context.cache()).summary(),
    remove: async (key) => (await context.cache()).remove(key),
    removeAll: async () => (await context.cache()).removeAll(),
  };
}

const localFiles = ({ files, paths }: Extract<ModelSource, { type: 'files' }>) =>
  files.map((file, i) => localFile(file, paths?.[i]));
