/**
 * Models of the hub: a repository's files at one commit. What a repository offered is remembered, so that a model in the
 * cache opens without the hub: offline, or when it has become private.
 */
import { ModelError } from '../errors';
import type { ModelSource } from '../worker/protocol';
import { CacheEntry } from './cache/cacheEntry';
import type { ListingRecord } from './cache/records';
import { nameFor } from './digest';
import type { ModelFiles } from './files';
import { digestOf, HubApi } from './hubApi';
import { type RemoteContext, remoteModelFiles, unescaped } from './remote';
import { RETRIES } from './transfer/network';
import { belongsTo, dtypeOf, graphsOf, rootOf, type SourceListing } from './variants';

export type HubSource = Extract<ModelSource, { type: 'hub' }>;

export class Hub {
  private readonly endpoint: string;
  private readonly api: HubApi;

  /** @param address e.g. `https://huggingface.co` */
  constructor(
    address: string,
    private readonly context: RemoteContext,
  ) {
    this.endpoint = address.replace(/\/+$/, '');
    this.api = new HubApi(this.endpoint, context.network);
  }

  /** The address of a file of the hub, as a browser shows it or as a download link, is that model. */
  sourceOf(url: string): HubSource | null {
    if (!url.startsWith(`${this.endpoint}/`)) return null;
    const match = /^([^/]+\/[^/]+)\/(?:resolve|blob)\/([^/]+)\/([^?#]+\.onnx)/.exec(
      url.slice(this.endpoint.length + 1),
    );
    const [repo, revision, onnxPath] = (match ?? []).slice(1).map(unescaped);
    return repo && revision && onnxPath ? { type: 'hub', repo, revision, onnxPath } : null;
  }

  async list(source: HubSource, signal: AbortSignal): Promise<SourceListing> {
    const { commit, files } = await this.listing(source, signal);
    return { name: source.repo, commit, graphs: graphsOf(files) };
  }

  async open(source: HubSource, signal: AbortSignal): Promise<ModelFiles> {
    const { repo, revision } = source;
    const { commit, files } = await this.listing(source, signal);
    const graph = chooseGraph(source, files);
    const byPath = new Map(files.map((file) => [file.path, file]));
    const root = rootOf(graph, new Set(byPath.keys()));
    const onnxPath = graph.slice(root.length);
    const own = files
      .filter(({ path }) => path.startsWith(root))
      .map((file) => ({ ...file, path: file.path.slice(root.length) }))
      .filter(({ path }) => belongsTo(onnxPath, path));
    const { network } = this.context;
    const cache = await this.context.cache();
    const key = await nameFor(`hub ${this.endpoint} ${repo} ${revision} ${graph}`);
    // The graph names data files by any name: those that were read before belong to it as long as they stay what they are.
    const read = Object.entries((await cache.models.get(key))?.files ?? {});
    const unchanged = read.filter(([path, { blob }]) => byPath.get(root + path)?.blob === blob);
    const entry = await CacheEntry.open(cache, key, {
      name: repo,
      dtype: dtypeOf(graph),
      onnxPath,
      lastUsed: network.clock.now(),
      source: { type: 'hub', repo, revision, onnxPath: graph },
      files: Object.fromEntries([
        ...unchanged,
        ...own.map(({ path, blob, bytes }) => [path, { blob, bytes }] as const),
      ]),
    });
    const locate = async (path: string) => {
      const file = byPath.get(root + path);
      if (file === undefined) return null;
      const { blob, bytes } = file;
      await entry.remember(path, { blob, bytes });
      return {
        path,
        url: this.api.fileUrl(repo, commit, file.path),
        headers: this.api.headers(source),
        bytes,
        validator: null,
        digest: digestOf(blob),
        blob,
        refusal: (response: Response) => this.api.refusal(source, response, path),
      };
    };
    return remoteModelFiles({ name: repo, onnxPath, entries: own, locate }, this.context, signal);
  }

  /** From the hub; where it cannot or will not say, what it said last. A commit never changes, so it is asked for once. */
  private async listing(source: HubSource, signal: AbortSignal): Promise<ListingRecord> {
    const { repo, revision } = source;
    const { listings } = await this.context.cache();
    const key = await nameFor(`${this.endpoint} ${repo} ${revision}`);
    const known = await listings.get(key);
    if (known?.commit === revision) return known;
    try {
      const listing = await this.api.listing(source, { signal, retries: known === null ? RETRIES : 0 });
      await listings.set(key, listing);
      return listing;
    } catch (error) {
      if (known === null || signal.aborted) throw error;
      return known;
    }
  }
}

function chooseGraph({ repo, onnxPath }: HubSource, files: ListingRecord['files']): string {
  if (onnxPath !== undefined) {
    if (files.some(({ path }) => path === onnxPath)) return onnxPath;
    throw new ModelError(`${repo} has no file ${onnxPath}.`, { file: onnxPath }, 'Choose one of the graphs listed.');
  }
  const best = graphsOf(files)[0]?.onnxPath;
  if (best !== undefined) return best;
  throw new ModelError(
    `${repo} has no ONNX file of a language model.`,
    {},
    'Look for a repository with the model in ONNX: many are at onnx-community.',
  );
}
