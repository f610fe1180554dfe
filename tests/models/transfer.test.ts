/** Transfers over a network that fails: what was there before a cut stays, and what cannot be mended is said. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors';
import { ContentChanged, type ModelFiles } from '../../src/models';
import { memoryStore } from '../../src/models/cache/memoryStore';
import type { Retry } from '../../src/models/files';
import { type Fault, type HubServer, startHubServer } from '../support/hubServer';
import {
  bytesOf,
  CHUNK,
  GRAPH,
  hubSource,
  REPO,
  readFile,
  repoFiles,
  type TestLibrary,
  testLibrary,
} from './remoteTools';

let server: HubServer;
let at: TestLibrary;
let files: ModelFiles;
const content = repoFiles()[GRAPH] as Uint8Array;
beforeEach(async () => {
  server = await startHubServer({ repo: REPO, files: repoFiles() });
  at = testLibrary(server.url);
  files = await at.library.open(hubSource());
});
afterEach(() => server.close());

/** The ranges that were asked for, in order. */
const ranges = () => server.contentRequests(GRAPH).map(({ range }) => range);

const failure = async (work: Promise<unknown>) =>
  work.then(
    () => expect.fail('nothing was thrown'),
    (error: unknown) => error as ModelError,
  );

async function readWithRetries(): Promise<{ bytes: Uint8Array; retries: (Retry | null)[] }> {
  const retries: (Retry | null)[] = [];
  const watch = { onCached: () => {}, onRetry: (retry: Retry | null) => retries.push(retry) };
  return {
    bytes: await readFile(files, GRAPH, { watch }),
    retries: retries.filter((retry, i) => retry !== null || i > 0),
  };
}

describe('a connection that is cut', () => {
  it('goes on where it ended, and says so meanwhile', async () => {
    server.fail(GRAPH, { type: 'reset', after: 2500 }, { type: 'reset', after: 3000 });
    const { bytes, retries } = await readWithRetries();
    expect(bytes).toEqual(content);
    expect(ranges()).toEqual([undefined, 'bytes=2500-', 'bytes=5500-']);
    expect(retries).toEqual([
      { attempt: 1, of: 3, reason: 'The connection was cut.' },
      null,
      { attempt: 2, of: 3, reason: 'The connection was cut.' },
      null,
    ]);
  });

  it('is tried again three times, after pauses that double', async () => {
    server.fail(GRAPH, ...Array.from({ length: 4 }, (): Fault => ({ type: 'reset', after: 0 })));
    const error = await failure(readFile(files, GRAPH));
    expect(error).toBeInstanceOf(ModelError);
    expect(error.message).toMatch(/^onnx\/model_q4.onnx could not be fetched. The connection/);
    expect(error.hint).toMatch(/what has arrived is kept/);
    expect(at.clock.pauses).toEqual([375, 750, 1500]);
  });

  it('is one that brings nothing for too long', async () => {
    server.fail(GRAPH, { type: 'stall', after: 4000 });
    const onPiece = (received: number) => {
      if (received === 4000) at.clock.passStall();
    };
    const retries: (string | undefined)[] = [];
    const watch = { onCached: () => {}, onRetry: (retry: Retry | null) => retries.push(retry?.reason) };
    expect(await readFile(files, GRAPH, { onPiece, watch })).toEqual(content);
    expect(ranges()).toEqual([undefined, 'bytes=4000-']);
    expect(retries).toContain('Nothing came for 30 seconds.');
  });

  it('is also a body that ends too early without saying so', async () => {
    server.fail(GRAPH, { type: 'truncate', after: 1234 });
    expect(await readFile(files, GRAPH)).toEqual(content);
    expect(ranges()).toEqual([undefined, 'bytes=1234-']);
  });

  it('goes on with a server that knows no ranges, without handing anything on twice', async () => {
    server.fail(GRAPH, { type: 'reset', after: 6000 }, { type: 'ignore-range' });
    expect(await readFile(files, GRAPH)).toEqual(content);
    expect(ranges()).toEqual([undefined, 'bytes=6000-']);
  });

  it('ends at once when the person leaves', async () => {
    const leaving = new AbortController();
    const left = await at.library.open(hubSource(), leaving.signal);
    server.fail(GRAPH, { type: 'stall', after: 1000 });
    const error = await failure(readFile(left, GRAPH, { onPiece: () => leaving.abort() }));
    expect(error.message).toBe('Loading was ended.');
    expect(ranges()).toHaveLength(1);
  });
});

describe('a server that is busy', () => {
  it.each([500, 502, 503, 429])('is asked again after %d', async (status) => {
    server.fail(GRAPH, { type: 'status', status });
    const { bytes, retries } = await readWithRetries();
    expect(bytes).toEqual(content);
    expect(retries[0]?.reason).toMatch(`The server says ${status}`);
  });

  it('is given the time it asks for', async () => {
    server.fail(GRAPH, { type: 'status', status: 429, headers: { 'retry-after': '7' } });
    await readFile(files, GRAPH);
    expect(at.clock.pauses).toEqual([7000]);
  });

  it('that asks for much patience is reported', async () => {
    server.fail(GRAPH, { type: 'status', status: 429, headers: { 'retry-after': '600' } });
    const error = await failure(readFile(files, GRAPH));
    expect(error.hint).toBe('The server asks to wait 10 minutes. Try again then.');
    expect(at.clock.pauses).toEqual([]);
  });

  it('is asked again for its listing', async () => {
    server.failApi({ type: 'status', status: 500 }, { type: 'status', status: 503 });
    expect((await testLibrary(server.url).library.list(hubSource())).graphs).toHaveLength(2);
  });

  it.each([401, 403, 404])('is not asked again after %d', async (status) => {
    server.fail(GRAPH, { type: 'status', status });
    expect(await failure(readFile(files, GRAPH))).toBeInstanceOf(ModelError);
    expect(at.clock.pauses).toEqual([]);
  });
});

describe('content', () => {
  it('may come compressed', async () => {
    server.fail(GRAPH, { type: 'gzip' });
    expect(await readFile(files, GRAPH)).toEqual(content);
  });

  it('is what counts, where a server tells a wrong length', async () => {
    // Too long: the connection ends before the promised length. Too short: the client stops there.
    server.fail(GRAPH, { type: 'content-length', length: 20_000 });
    const longer = readFile(files, GRAPH);
    expect(await longer).toEqual(content);
    const other = await testLibrary(server.url).library.open(hubSource());
    server.fail(GRAPH, { type: 'content-length', length: 4000 });
    expect(await readFile(other, GRAPH)).toEqual(content);
  });

  it('that is not what was published is refused before its last bytes, and is not kept', async () => {
    server.fail(GRAPH, { type: 'content', bytes: bytesOf(66, content.length) });
    let received = 0;
    const onPiece = (bytes: number) => {
      received = bytes;
    };
    const error = await failure(readFile(files, GRAPH, { onPiece }));
    expect(error).toBeInstanceOf(ContentChanged);
    expect(error.message).toBe(`${GRAPH} did not arrive as it was published: its hash is another one.`);
    expect(received).toBeLessThan(content.length);
    expect((await at.library.cached()).usedBytes).toBe(0);
    // A fresh try is a whole one.
    expect(await readFile(files, GRAPH)).toEqual(content);
    expect(ranges()).toEqual([undefined, undefined]);
  });

  it('of a small file is read a second time where it did not arrive right', async () => {
    server.fail('config.json', { type: 'content', bytes: new TextEncoder().encode('{"seed": 9}') });
    expect(await files.text('config.json')).toBe('{"seed": 1}');
    const wrong: Fault = { type: 'content', bytes: new TextEncoder().encode('[]') };
    server.fail('tokenizer.json', wrong, wrong);
    expect(await failure(files.text('tokenizer.json'))).toBeInstanceOf(ContentChanged);
  });

  it('that changes between two connections is not put together', async () => {
    server.fail(GRAPH, { type: 'reset', after: 5 * CHUNK }, { type: 'content', bytes: bytesOf(5, content.length) });
    const error = await failure(readFile(files, GRAPH));
    expect(error).toBeInstanceOf(ContentChanged);
    expect(error.message).toMatch(/was changed on the server/);
    expect((await at.library.cached()).usedBytes).toBe(0);
  });
});

describe('the memory that a transfer holds', () => {
  it('is at most two chunks, however slow the store is', async () => {
    const store = memoryStore();
    const buffers = new Set<ArrayBufferLike>();
    let [writing, most] = [0, 0];
    const slow = {
      ...store,
      async write(folder: string, name: string, bytes: Uint8Array<ArrayBuffer>) {
        if (!folder.startsWith('blobs/')) return store.write(folder, name, bytes);
        buffers.add(bytes.buffer);
        most = Math.max(most, ++writing);
        await new Promise((resolve) => setImmediate(resolve));
        writing--;
        return store.write(folder, name, bytes);
      },
    };
    const other = await testLibrary(server.url, slow).library.open(hubSource());
    expect(await readFile(other, GRAPH)).toEqual(content);
    // One is being written while the next one fills.
    expect(most).toBe(1);
    expect(buffers.size).toBe(2);
  });
});
