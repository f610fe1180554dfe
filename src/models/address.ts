/**
 * A model by the address of its .onnx file. The other files are looked for beside it and one folder above, as the hub lays
 * them out. What a file is, its ETag or date tells; where a server gives neither, the file is not cached.
 */
import { ModelError } from '../errors';
import type { ModelSource } from '../worker/protocol';
import { CacheEntry } from './cache/cacheEntry';
import { nameFor } from './digest';
import type { ModelFileEntry, ModelFiles } from './files';
import { type RemoteContext, remoteModelFiles, unescaped } from './remote';
import { endOf, type RemoteFile, validatorOf } from './transfer/download';
import { Connection, persistently, RETRIES, type SendOptions } from './transfer/network';
import { dtypeOf, graphsOf, type SourceListing } from './variants';

type UrlSource = Extract<ModelSource, { type: 'url' }>;

/** Data files of one graph; the largest models published have a few dozen. */
const MAX_DATA_FILES = 64;

interface Place {
  /** Of the graph, as it was given: what grants access may stand in its query. */
  readonly given: string;
  /** The same without its query: the one to keep. Other files have no query either, since it is signed for one file. */
  readonly url: string;
  readonly onnxPath: string;
}

interface Question extends Place {
  readonly signal: AbortSignal;
  /** After a cut. */
  readonly retries: number;
}

/** What a server says of a file. */
interface Head {
  readonly url: string;
  readonly bytes: number | null;
  readonly validator: string | null;
}

export class Address {
  constructor(private readonly context: RemoteContext) {}

  async list(source: UrlSource, signal: AbortSignal): Promise<SourceListing> {
    const { name, ...place } = parts(source);
    return { name, commit: null, graphs: graphsOf(await this.weights({ ...place, signal, retries: RETRIES })) };
  }

  async open(source: UrlSource, signal: AbortSignal): Promise<ModelFiles> {
    const { name, ...place } = parts(source);
    const { onnxPath, url } = place;
    const cache = await this.context.cache();
    const key = await nameFor(`url ${url}`);
    const before = await cache.models.get(key);
    const known = before?.files[onnxPath] !== undefined;
    const entry = await CacheEntry.open(cache, key, {
      name,
      dtype: dtypeOf(onnxPath),
      onnxPath,
      lastUsed: this.context.network.clock.now(),
      source: { type: 'url', url },
      files: before?.files ?? {},
    });
    const question = { ...place, signal, retries: known ? 0 : RETRIES };
    const locate = async (path: string): Promise<RemoteFile | null> => {
      const cached = entry.file(path);
      let head: Head | null;
      try {
        head = await this.find(question, path);
      } catch (error) {
        // Where the server cannot be asked, what is in the cache is taken as it is.
        if (!known || signal.aborted) throw error;
        if (cached === null) return null;
        return remoteFile(path, { url: addressOf(path, place), validator: null, bytes: cached.bytes }, cached.blob);
      }
      if (head === null) return null;
      if (head.validator === null) return remoteFile(path, head, null);
      const blob = `url-${await nameFor(`${path === onnxPath ? url : head.url} ${head.validator}`)}`;
      const bytes = head.bytes ?? (cached?.blob === blob ? cached.bytes : null);
      await entry.remember(path, { blob, bytes });
      return remoteFile(path, { ...head, bytes }, blob);
    };
    const entries = await this.weights(question).catch((error: unknown) => {
      if (!known || signal.aborted) throw error;
      return Object.entries(before?.files ?? {}).map(([path, { bytes }]) => ({ path, bytes }));
    });
    const onComplete = ({ path, blob }: RemoteFile, bytes: number) => {
      if (blob !== null) void entry.remember(path, { blob, bytes });
    };
    return remoteModelFiles({ name, onnxPath, entries, locate, onComplete }, this.context, signal);
  }

  /** The graph, and data files that are named as exporters name them. @throws ModelError where there is no graph */
  private async weights(question: Question): Promise<ModelFileEntry[]> {
    const { onnxPath } = question;
    const graph = await this.find(question, onnxPath);
    if (graph === null) {
      throw new ModelError(`There is no ${onnxPath} at this address.`, { file: onnxPath }, 'Check the address.');
    }
    const entries: ModelFileEntry[] = [{ path: onnxPath, bytes: graph.bytes }];
    for (let part = 0; part < MAX_DATA_FILES; part++) {
      const path = `${onnxPath}_data${part === 0 ? '' : `_${part}`}`;
      const data = await this.find(question, path);
      if (data === null) break;
      entries.push({ path, bytes: data.bytes });
    }
    return entries;
  }

  /**
   * Weights lie beside the graph, the other files there or one folder above. Where a server refuses, the graph is refused;
   * of any other file it says that there is none, as file stores say 403 of what they do not have.
   */
  private async find(question: Question, path: string): Promise<Head | null> {
    const { onnxPath, signal, retries } = question;
    const { network } = this.context;
    const places = path.startsWith(onnxPath) ? [path] : [path, `../${path}`];
    for (const place of places) {
      const url = addressOf(place, question);
      const ask = (how: SendOptions) =>
        persistently({ network, file: path, signal, retries }, () => this.ask(url, path, how));
      let said = await ask({ method: 'HEAD', signal });
      // Some servers know no such question (405, 501), or it is not signed for (403): then for the first byte.
      if (said instanceof ModelError) said = await ask({ headers: { range: 'bytes=0-0' }, signal });
      if (said instanceof ModelError && path === onnxPath) throw said;
      if (said !== null && !(said instanceof ModelError)) return said;
    }
    return null;
  }

  /** @returns null where there is no such file, an error where the server refuses */
  private async ask(url: string, file: string, how: SendOptions): Promise<Head | ModelError | null> {
    const { connection, response } = await Connection.open(this.context.network, url, how);
    connection.close();
    const { headers, status, ok } = response;
    // A server for single-page applications answers with its page, and status 200, where there is no file.
    const page = headers.get('content-type')?.includes('text/html') ?? false;
    if (status === 404 || status === 410 || (ok && page)) return null;
    return ok ? { url, bytes: endOf(response), validator: validatorOf(headers) } : refusal(file, response);
  }
}

function remoteFile(path: string, { url, bytes, validator }: Head, blob: string | null): RemoteFile {
  const headers = {};
  return { path, url, headers, bytes, validator, digest: null, blob, refusal: (response) => refusal(path, response) };
}

function refusal(path: string, { status, statusText }: Response): ModelError {
  return new ModelError(
    `${path} could not be fetched: the server says ${status} ${statusText}`.trim().concat('.'),
    { file: path },
    status === 404
      ? 'Check the address.'
      : 'Check that anybody may read the file, or download the model and drop it here.',
  );
}

function addressOf(path: string, { given, url, onnxPath }: Place): string {
  if (path === onnxPath) return given;
  // A data file's name goes on from the graph's, in which anything may be escaped.
  return path.startsWith(onnxPath) ? url + path.slice(onnxPath.length) : new URL(path, url).href;
}

function parts(source: UrlSource): Place & { readonly name: string } {
  const address = URL.canParse(source.url) ? new URL(source.url) : null;
  const onnxPath = unescaped(address?.pathname.split('/').at(-1) ?? '');
  if (!address || !/^https?:$/.test(address.protocol) || !/\.onnx$/i.test(onnxPath)) {
    throw new ModelError(
      'This is not the address of an .onnx file.',
      {},
      'It begins with https:// and ends with .onnx; for a model of the hub, give its name instead.',
    );
  }
  if (address.username !== '' || address.password !== '') {
    throw new ModelError(
      'This address has a user name or a password in it, which no page can send.',
      {},
      'Give it without what stands before the @, or download the model and drop it here.',
    );
  }
  const { origin, pathname, search } = address;
  const folders = pathname
    .split('/')
    .slice(0, -1)
    .filter((part) => part !== '' && part !== 'onnx');
  const url = origin + pathname;
  return { name: folders.at(-1) ?? onnxPath.replace(/\.onnx$/i, ''), onnxPath, url, given: url + search };
}
