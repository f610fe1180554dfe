/**
 * A server that behaves like the Hugging Face hub, as seen from a page: its API, small files, and large ones that lie on
 * another origin behind a redirect. It keeps a list of what was asked, and misbehaves on request.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

export interface HubRepoFiles {
  readonly [path: string]: Uint8Array;
}

export interface Asked {
  readonly origin: 'hub' | 'cdn';
  readonly method: string;
  readonly path: string;
  /** With its `?`; empty where there is none. */
  readonly query: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** What happens to one GET of a file's content, in place of a good answer. */
export type Fault =
  | { readonly type: 'status'; readonly status: number; readonly headers?: Record<string, string> }
  /** So many bytes of the body, then the socket is destroyed. */
  | { readonly type: 'reset'; readonly after: number }
  /** So many bytes of the body, then nothing. */
  | { readonly type: 'stall'; readonly after: number }
  /** The body ends early, as if that were all (chunked, so nobody is told). */
  | { readonly type: 'truncate'; readonly after: number }
  | { readonly type: 'ignore-range' }
  /** Other bytes than the listing promises. */
  | { readonly type: 'content'; readonly bytes: Uint8Array; readonly etag?: string }
  | { readonly type: 'content-length'; readonly length: number }
  | { readonly type: 'gzip' };

type ApiFault = Extract<Fault, { type: 'status' } | { type: 'stall' }>;

export interface HubServer {
  readonly url: string;
  readonly cdnUrl: string;
  readonly asked: Asked[];
  /** Requests for the content of a file, redirects not counted. */
  contentRequests(path: string): Asked[];
  /** The next requests for this file's content go wrong, one fault after the other. */
  fail(path: string, ...faults: readonly Fault[]): void;
  /** The next requests to the API are answered so. */
  failApi(...faults: readonly ApiFault[]): void;
  /** Resolves when a stalled answer has sent what it sends. */
  readonly stalled: () => Promise<void>;
  setFiles(files: HubRepoFiles): void;
  close(): Promise<void>;
}

export interface HubServerOptions {
  readonly repo: string;
  readonly files: HubRepoFiles;
  /** From this size on, a file is in the large file store. */
  readonly lfsBytes?: number;
  /** Files of one page of the listing. */
  readonly pageSize?: number;
  /** The listing goes on at the origin of the large files, where it must not be followed. */
  readonly strayPages?: boolean;
  /** Who does not send it is refused. */
  readonly token?: string;
  /** Large files lie on the hub itself. */
  readonly noRedirect?: boolean;
  /** How the large files' origin answers HEAD; 200 where it is not said. */
  readonly headStatus?: number;
  /** How it answers where it has no such file; 404 where it is not said. */
  readonly absentStatus?: number;
  /** It refuses graphs to who does not bring this in the query. */
  readonly signature?: string;
}

const EXPOSED =
  'X-Repo-Commit,X-Error-Code,X-Error-Message,ETag,Link,Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag';
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const gitId = (bytes: Uint8Array) => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

export async function startHubServer(options: HubServerOptions): Promise<HubServer> {
  const { repo, lfsBytes = 1000, pageSize = 1000, token, noRedirect = false, signature } = options;
  let { files } = options;
  const asked: Asked[] = [];
  const faults = new Map<string, Fault[]>();
  const apiFaults: ApiFault[] = [];
  const stalls: (() => void)[] = [];
  const tellStalled = () => {
    for (const tell of stalls.splice(0)) tell();
  };
  const commit = () =>
    createHash('sha1')
      .update(
        Object.entries(files)
          .map(([path, bytes]) => path + sha256(bytes))
          .join(),
      )
      .digest('hex');

  const listing = () =>
    Object.entries(files).map(([path, bytes]) =>
      bytes.length >= lfsBytes
        ? {
            type: 'file',
            path,
            size: bytes.length,
            oid: gitId(bytes),
            lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 134 },
          }
        : { type: 'file', path, size: bytes.length, oid: gitId(bytes) },
    );

  const api = (url: URL, response: ServerResponse) => {
    const fault = apiFaults.shift();
    if (fault?.type === 'status') return refuse(response, fault.status, fault.headers);
    if (fault?.type === 'stall') return void response.write('{'.repeat(fault.after), tellStalled);
    const [, what, revision = ''] = /\/(revision|tree)\/([^/]+)$/.exec(url.pathname) ?? [];
    if (!url.pathname.startsWith(`/api/models/${repo}/`))
      return refuse(response, 401, { 'x-error-code': 'RepoNotFound' });
    if (!['main', commit()].includes(decodeURIComponent(revision))) {
      return refuse(response, 404, { 'x-error-code': 'RevisionNotFound' });
    }
    if (what === 'revision') return json(response, { id: repo, sha: commit(), siblings: [] });
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const all = [{ type: 'directory', path: 'onnx', size: 0, oid: '0'.repeat(40) }, ...listing()];
    const next = new URL(url.pathname + url.search, options.strayPages ? cdnUrl : url);
    next.searchParams.set('cursor', String(from + pageSize));
    const more = from + pageSize < all.length;
    json(response, all.slice(from, from + pageSize), more ? { link: `<${next.href}>; rel="next"` } : {});
  };

  const content = (request: IncomingMessage, response: ServerResponse, path: string) => {
    const fault = request.method === 'GET' ? faults.get(path)?.shift() : undefined;
    const bytes = fault?.type === 'content' ? fault.bytes : files[path];
    if (!bytes) return refuse(response, options.absentStatus ?? 404, { 'x-error-code': 'EntryNotFound' });
    const etag = fault?.type === 'content' && fault.etag ? fault.etag : `"${sha256(bytes)}"`;
    if (fault?.type === 'status') return refuse(response, fault.status, fault.headers);
    const match = fault?.type === 'ignore-range' ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = match ? Number(match[1]) : 0;
    const end = match?.[2] ? Math.min(Number(match[2]) + 1, bytes.length) : bytes.length;
    if (start >= end) return refuse(response, 416, { 'content-range': `bytes */${bytes.length}` });
    let body = bytes.subarray(start, end);
    const headers: Record<string, string> = {
      etag,
      'accept-ranges': 'bytes',
      'content-type': 'application/octet-stream',
    };
    if (match) headers['content-range'] = `bytes ${start}-${end - 1}/${bytes.length}`;
    if (fault?.type === 'gzip' && !match) {
      body = gzipSync(body);
      headers['content-encoding'] = 'gzip';
    }
    if (fault?.type !== 'truncate')
      headers['content-length'] = String(fault?.type === 'content-length' ? fault.length : body.length);
    response.writeHead(match ? 206 : 200, headers);
    if (request.method === 'HEAD') return response.end();
    const cut = fault && 'after' in fault ? body.subarray(0, fault.after) : null;
    if (cut === null) return response.end(body);
    response.write(cut, () => {
      if (fault?.type === 'truncate') response.end();
      if (fault?.type === 'reset') setImmediate(() => response.socket?.destroy());
      if (fault?.type === 'stall') tellStalled();
    });
  };

  const handle = (origin: Asked['origin']) => (request: IncomingMessage, response: ServerResponse) => {
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-expose-headers', EXPOSED);
    response.setHeader('cross-origin-resource-policy', 'cross-origin');
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
    if (request.method === 'OPTIONS') {
      // The hub lets a page send a token; where the large files lie, nothing but a plain request is let through.
      response.writeHead(origin === 'hub' ? 204 : 403, { 'access-control-allow-headers': 'authorization,range' });
      return response.end();
    }
    const { authorization, range } = request.headers;
    const path = readable(url.pathname);
    asked.push({ origin, method: request.method ?? '', path, query: url.search, range, authorization });
    if (
      signature !== undefined &&
      origin === 'cdn' &&
      path.endsWith('.onnx') &&
      url.search !== `?signature=${signature}`
    )
      return refuse(response, 403);
    if (request.method === 'HEAD' && options.headStatus) return refuse(response, options.headStatus);
    if (origin === 'cdn') return content(request, response, path.slice(1));
    const file = new RegExp(`^/${repo}/resolve/([^/]+)/(.+)$`).exec(url.pathname);
    if (!url.pathname.startsWith('/api/') && !file) return refuse(response, 404, {});
    if (token !== undefined && authorization === undefined)
      return refuse(response, 401, { 'x-error-code': 'GatedRepo' });
    if (token !== undefined && authorization !== `Bearer ${token}`)
      return refuse(response, authorization === 'Bearer stranger' ? 403 : 401, { 'x-error-code': 'GatedRepo' });
    if (!file) return api(url, response);
    const name = decodeURIComponent(file[2] ?? '');
    const large = (files[name]?.length ?? 0) >= lfsBytes;
    if (!large || noRedirect) return content(request, response, name);
    response.writeHead(302, {
      location: `${cdnUrl}/${name}?signature=secret`,
      'x-linked-size': String(files[name]?.length),
    });
    response.end();
  };

  const cdn = createServer(handle('cdn'));
  const hub = createServer(handle('hub'));
  const cdnUrl = await listen(cdn);
  const url = await listen(hub);
  return {
    url,
    cdnUrl,
    asked,
    contentRequests: (path) =>
      asked.filter(
        (one) => one.method === 'GET' && (one.origin === 'cdn' ? one.path === `/${path}` : isSmall(one.path, path)),
      ),
    fail: (path, ...more) => void faults.set(path, [...(faults.get(path) ?? []), ...more]),
    failApi: (...more) => void apiFaults.push(...more),
    stalled: () => new Promise((resolve) => stalls.push(resolve)),
    setFiles: (next) => {
      files = next;
    },
    close: async () => {
      for (const server of [hub, cdn]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };

  function isSmall(asked: string, path: string): boolean {
    const large = (files[path]?.length ?? 0) >= lfsBytes && !noRedirect;
    return !large && asked.startsWith(`/${repo}/resolve/`) && asked.endsWith(`/${path}`);
  }
}

const readable = (path: string) => (/%(?![0-9a-f]{2})/i.test(path) ? path : decodeURIComponent(path));

function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers);
  response.end('{"error":"refused"}');
}

function json(response: ServerResponse, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
