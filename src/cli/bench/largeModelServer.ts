/** The large model as a repository of a hub on this machine. Its content is made while it is sent. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type LargeFile, largeModel } from './largeModel';

const MiB = 2 ** 20;
const COMMIT = 'c'.repeat(40);
const root = fileURLToPath(new URL('../../..', import.meta.url));

export const LARGE_REPO = 'prelude/large';
export const LARGEST_TENSOR_BYTES = 64 * MiB;
const OTHER_TENSORS = 15;
const OTHER_TENSOR_BYTES = 16 * MiB;

export interface LargeModelServer {
  readonly url: string;
  readonly bytes: number;
  close(): Promise<void>;
}

export async function serveLargeModel(): Promise<LargeModelServer> {
  const decoder = new Uint8Array(await readFile(`${root}tests/fixtures/llama_q4/model.onnx`));
  const model = largeModel(decoder, [
    { name: 'large', bytes: LARGEST_TENSOR_BYTES },
    ...Array.from({ length: OTHER_TENSORS }, (_, i) => ({ name: `other_${i}`, bytes: OTHER_TENSOR_BYTES })),
  ]);
  const files = new Map<string, LargeFile>([
    ['config.json', await smallFile('tests/fixtures/llama_q4/config.json')],
    ['tokenizer.json', await smallFile('tests/e2e/byte_tokenizer/tokenizer.json')],
    ['tokenizer_config.json', await smallFile('tests/e2e/byte_tokenizer/tokenizer_config.json')],
    ['onnx/model_q4.onnx', model],
  ]);
  const tree = [...files].map(([path, file]) => {
    const oid = sha256(file);
    return { type: 'file', path, size: file.bytes, oid, lfs: { oid, size: file.bytes } };
  });
  const server = createServer((request, response) => {
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-expose-headers', 'ETag,Content-Range');
    const path = request.url ?? '';
    if (path.startsWith(`/api/models/${LARGE_REPO}/revision/`)) return sendJson(response, { sha: COMMIT });
    if (path.startsWith(`/api/models/${LARGE_REPO}/tree/`)) return sendJson(response, tree);
    const file = files.get(path.slice(`/${LARGE_REPO}/resolve/${COMMIT}/`.length));
    if (file === undefined) return response.writeHead(404).end();
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': file.bytes - from,
      ...(from > 0 && { 'content-range': `bytes ${from}-${file.bytes - 1}/${file.bytes}` }),
    });
    Readable.from(file.read(from, file.bytes)).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    bytes: model.bytes,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function smallFile(path: string): Promise<LargeFile> {
  const content = new Uint8Array(await readFile(root + path));
  return {
    bytes: content.length,
    *read(from, to) {
      yield content.subarray(from, to);
    },
  };
}

function sha256(file: LargeFile): string {
  const hash = createHash('sha256');
  for (const piece of file.read(0, file.bytes)) hash.update(piece);
  return hash.digest('hex');
}

function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
