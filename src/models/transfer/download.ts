/**
 * The bytes of a remote file from one offset to another, as they arrive, over as many connections as it takes. A cut
 * connection goes on with a Range request where it ended; a server that knows no ranges sends the file again, and what is
 * already there is passed over.
 *
 * That the content is still the same is seen from the ETag of each answer. `If-Range` would say it in the question, but is
 * no header that a page may send to another host without asking first (CORS), and file hosts refuse that question.
 */
import { ModelError } from '../../errors';
import type { TransferWatch } from '../files';
import { Connection, Cut, type Network, Patience, RETRIES } from './network';

export interface RemoteFile {
  /** For messages: relative to the model's folder. */
  readonly path: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number | null;
  /** ETag or date of the content that is wanted; null: whatever there is. */
  readonly validator: string | null;
  readonly digest: Digest | null;
  /** Names the content in the cache; null: nothing tells one content from another, so it is not cached. */
  readonly blob: string | null;
  /** What a refusal of the server (404, 401 …) means. */
  readonly refusal: (response: Response) => ModelError;
}

/** `git` is the object id of a file in a git repository: SHA-1 over `blob <size>\0` and the content. */
export interface Digest {
  readonly algorithm: 'sha256' | 'git';
  /** Lower case. */
  readonly hex: string;
}

/** The content is not what it was, or what it should be: what has been read of it is worthless. */
export class ContentChanged extends ModelError {}

/** After so many bytes without a cut, earlier cuts are forgotten. */
const FORGIVEN_AFTER_BYTES = 8 * 2 ** 20;

export interface DownloadOptions {
  readonly network: Network;
  readonly watch: TransferWatch;
  readonly signal: AbortSignal;
}

/** @param to where to end; null: at the end of the file */
export async function* download(
  file: RemoteFile,
  from: number,
  to: number | null,
  { network, watch, signal }: DownloadOptions,
): AsyncGenerator<Uint8Array> {
  const patience = new Patience({ network, file: file.path, signal, retries: RETRIES, onRetry: watch.onRetry });
  const part: Part = { position: from, to, validator: file.validator };
  let sinceCut = 0;
  for (;;) {
    try {
      for await (const piece of receive(file, part, network, signal)) {
        if (sinceCut === 0) watch.onRetry(null);
        sinceCut += piece.length;
        if (sinceCut >= FORGIVEN_AFTER_BYTES) patience.forgive();
        yield piece;
      }
      return;
    } catch (error) {
      sinceCut = 0;
      await patience.after(error);
    }
  }
}

interface Part {
  /** Of the next byte that is wanted. */
  position: number;
  /** Past the last one; null until an answer tells the size. */
  to: number | null;
  validator: string | null;
}

/** One connection. @throws Cut where it ends too early */
async function* receive(
  file: RemoteFile,
  part: Part,
  network: Network,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const range = rangeHeader(part, file.bytes);
  const { connection, response } = await Connection.open(network, file.url, {
    signal,
    headers: { ...file.headers, ...(range !== null && { range }) },
  });
  try {
    if (response.status === 416) throw changed(file);
    if (!response.ok) throw file.refusal(response);
    const validator = validatorOf(response.headers);
    if (part.validator !== null && validator !== null && validator !== part.validator) throw changed(file);
    part.validator ??= validator;
    const start = startOf(response, part.position, file);
    part.to ??= endOf(response);
    let passOver = part.position - start;
    for await (const received of bodyOf(response, connection)) {
      const wanted = received.subarray(Math.min(passOver, received.length));
      passOver -= received.length - wanted.length;
      const piece = part.to === null ? wanted : wanted.subarray(0, part.to - part.position);
      part.position += piece.length;
      if (piece.length > 0) yield piece;
      if (part.position === part.to) return;
    }
    if (part.to !== null && part.position < part.to) throw new Cut('The connection ended before the file did.');
  } finally {
    connection.close();
  }
}

/** null: the whole file. A range up to the end is open, so that a file of another size is noticed. */
function rangeHeader({ position, to }: Part, bytes: number | null): string | null {
  const toEnd = to === null || to === bytes;
  if (position === 0 && toEnd) return null;
  return `bytes=${position}-${toEnd ? '' : to - 1}`;
}

/** Offset of the body's first byte. */
function startOf(response: Response, wanted: number, file: RemoteFile): number {
  if (response.status !== 206) return 0;
  // Not every server lets a page see this header; one that answers 206 has understood the range.
  const header = response.headers.get('content-range');
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(header ?? '');
  if (header === null || !match) return wanted;
  if (match[2] !== '*' && file.bytes !== null && Number(match[2]) !== file.bytes) throw changed(file);
  const start = Number(match[1]);
  if (start > wanted) throw new Cut('The server sent another part of the file.');
  return start;
}

/** Past the file's last byte, whatever part of it was asked for; null where it is not told. */
export function endOf({ headers, status }: Response): number | null {
  if (status === 206) return Number(/\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1] ?? Number.NaN) || null;
  return lengthOf(headers);
}

/** A compressed transfer tells its compressed length, which is not the file's. */
function lengthOf(headers: Headers): number | null {
  const length = headers.get('content-length');
  return length === null || headers.has('content-encoding') ? null : Number(length);
}

/** The ETag, else the date. A weak ETag counts as its strong one: a range is never compressed. */
export function validatorOf(headers: Headers): string | null {
  return headers.get('etag')?.replace(/^W\//, '') ?? headers.get('last-modified');
}

async function* bodyOf(response: Response, connection: Connection): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  for (;;) {
    const { done, value } = await connection.receive(reader.read());
    if (done) return;
    yield value;
  }
}

function changed(file: RemoteFile): ContentChanged {
  return new ContentChanged(
    `${file.path} was changed on the server while it was being read.`,
    { file: file.path },
    'Load the model again.',
  );
}
