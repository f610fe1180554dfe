/** Model files in a folder of a web server, such as the page's own `models/`. No cache: the browser's HTTP cache serves. */
import { ModelError } from '../errors';
import type { ModelFileEntry, ModelFiles } from './files';

export interface FetchedModel {
  readonly name: string;
  /** Address of the folder, absolute. */
  readonly baseUrl: string;
  readonly onnxPath: string;
  /** Files and sizes, where they are known beforehand. */
  readonly entries?: readonly ModelFileEntry[];
}

export function fetchedModelFiles(
  { name, baseUrl, onnxPath, entries = [{ path: onnxPath, bytes: null }] }: FetchedModel,
  fetcher: typeof fetch = (input, init) => fetch(input, init),
): ModelFiles {
  const folder = baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`;
  const get = async (path: string): Promise<Response | null> => {
    let response: Response;
    try {
      response = await fetcher(new URL(path, folder).href);
    } catch (cause) {
      throw new ModelError(
        `${path} could not be fetched.`,
        { file: path },
        'Check the connection to the network and try again.',
        { cause },
      );
    }
    // A server for single-page applications answers with its page, and status 200, where there is no file.
    const page = response.headers.get('content-type')?.includes('text/html') ?? false;
    if (response.status === 404 || (response.ok && page)) return null;
    if (!response.ok) {
      throw new ModelError(
        `${path} could not be fetched: the server says ${response.status} ${response.statusText}`.trim().concat('.'),
        { file: path },
        'Try again in a moment.',
      );
    }
    return response;
  };
  return {
    name,
    onnxPath,
    entries,
    async open(path) {
      const response = await get(path);
      if (response?.body == null) {
        throw new ModelError(`${path} is missing on the server.`, { file: path }, `Check that ${folder} has it.`);
      }
      return {
        bytes: sizeOf(response) ?? entries.find((entry) => entry.path === path)?.bytes ?? null,
        chunks: response.body,
      };
    },
    async text(path) {
      const response = await get(path);
      return response === null ? null : response.text();
    },
  };
}

/** A compressed transfer tells its compressed length, which is not the file's. */
function sizeOf(response: Response): number | null {
  const length = response.headers.get('content-length');
  return length === null || response.headers.has('content-encoding') ? null : Number(length);
}
