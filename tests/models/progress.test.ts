/** One bar over all files of a model: sums, rates, and that nothing makes it go back. */
import { describe, expect, it } from 'vitest';
import { fetchedModelFiles, localModelFiles, type ModelFiles, withProgress } from '../../src/models';
import { iterate } from '../../src/models/chunks';
import type { TransferWatch } from '../../src/models/files';
import type { LoadProgress } from '../../src/worker/protocol';

type Downloading = Extract<LoadProgress, { status: 'downloading' }>;

const MB = 1_000_000;

/** A file of `megabytes` in pieces of one; before each piece comes, `between` is called. */
function scripted(megabytes: number, between: (piece: number, watch: TransferWatch) => void): ModelFiles {
  return {
    name: 'm',
    onnxPath: 'model.onnx',
    entries: [{ path: 'model.onnx', bytes: megabytes * MB }],
    async open(_, watch) {
      async function* pieces() {
        for (let piece = 0; piece < megabytes; piece++) {
          if (watch) between(piece, watch);
          yield new Uint8Array(MB);
        }
      }
      return { bytes: megabytes * MB, chunks: pieces() };
    },
    text: async () => null,
  };
}

async function readAll(files: ModelFiles, path = 'model.onnx'): Promise<number> {
  let bytes = 0;
  for await (const chunk of iterate((await files.open(path)).chunks)) bytes += chunk.length;
  return bytes;
}

describe('progress', () => {
  it('is one bar that never goes back and ends at its total', async () => {
    let clock = 0;
    const seen: Downloading[] = [];
    const paths = ['config.json', 'tokenizer.json', 'model_q4.onnx'];
    const files = localModelFiles(
      paths.map((path) => {
        const bytes = new TextEncoder().encode(path.repeat(5000));
        return { path, bytes: bytes.length, open: () => new Blob([bytes]).stream() };
      }),
    );
    const watched = withProgress(
      files,
      (progress) => seen.push(progress),
      () => (clock += 60),
    );
    await watched.text('config.json');
    await watched.text('tokenizer.json');
    await readAll(watched, 'model_q4.onnx');
    const total = 5000 * paths.join('').length;
    expect(seen.map((progress) => progress.total)).toEqual(seen.map(() => total));
    expect(seen.map(({ loaded }) => loaded)).toEqual(seen.map(({ loaded }) => loaded).sort((a, b) => a - b));
    expect(seen.at(-1)).toMatchObject({ loaded: total, file: 'model_q4.onnx', secondsLeft: 0, retry: null });
    expect(seen.at(-1)?.bytesPerSecond).toBeGreaterThan(0);
  });

  it('tells the rate of the last seconds, and the time that is left at this rate', async () => {
    let clock = 0;
    const seen: Downloading[] = [];
    // Ten pieces at 10 MB/s, then ten at 1 MB/s.
    const files = scripted(40, (piece) => {
      clock += piece < 10 ? 100 : 1000;
    });
    await readAll(
      withProgress(
        files,
        (progress) => seen.push(progress),
        () => clock,
      ),
    );
    const at = (loaded: number) => seen.find((progress) => progress.loaded === loaded * MB);
    expect(at(10)?.bytesPerSecond).toBeCloseTo(10 * MB, -5);
    expect(at(10)?.secondsLeft).toBeCloseTo(3, 1);
    expect(at(20)?.bytesPerSecond).toBeLessThan(1.3 * MB);
    expect(at(20)?.secondsLeft).toBeGreaterThan(15);
  });

  it('does not take the pace of the cache for that of the network', async () => {
    let clock = 0;
    const seen: Downloading[] = [];
    const files = scripted(20, (piece, watch) => {
      watch.onCached(piece < 10);
      clock += piece < 10 ? 20 : 1000;
    });
    await readAll(
      withProgress(
        files,
        (progress) => seen.push(progress),
        () => clock,
      ),
    );
    const first = seen.find(({ cached, loaded }) => !cached && loaded > 11 * MB);
    expect(first?.bytesPerSecond).toBeLessThan(2.1 * MB);
    expect(seen[0]?.cached).toBe(false);
    expect(seen.some(({ cached }) => cached)).toBe(true);
  });

  it('says at once that a connection is tried again, and that it goes on', async () => {
    const seen: Downloading[] = [];
    const retry = { attempt: 1, of: 3, reason: 'The connection was cut.' };
    const files = scripted(3, (piece, watch) => watch.onRetry(piece === 1 ? retry : null));
    await readAll(
      withProgress(
        files,
        (progress) => seen.push(progress),
        () => 0,
      ),
    );
    expect(seen.map((progress) => progress.retry)).toEqual([null, retry, null, null]);
  });

  it('stands still while a file is read a second time', async () => {
    let clock = 0;
    const seen: number[] = [];
    const files = withProgress(
      scripted(5, () => {}),
      ({ loaded }) => seen.push(loaded),
      () => (clock += 200),
    );
    await readAll(files);
    expect(await readAll(files)).toBe(5 * MB);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(5 * MB);
  });

  it('has no total while a size is unknown', async () => {
    const seen: (number | null)[] = [];
    const bare = { name: 'm', baseUrl: 'https://example.org/m', onnxPath: 'model.onnx' };
    const headers = { 'content-encoding': 'gzip' };
    const files = fetchedModelFiles(bare, async () => new Response('abc', { headers }));
    await readAll(withProgress(files, ({ total, secondsLeft }) => seen.push(total, secondsLeft)));
    expect(new Set(seen)).toEqual(new Set([null]));
  });

  it('ends the transfer when the reader stops early', async () => {
    let cancelled = false;
    const chunks = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel: () => {
        cancelled = true;
      },
    });
    const files = localModelFiles([{ path: 'model.onnx', bytes: 1000, open: () => chunks }]);
    const opened = await withProgress(files, () => {}).open('model.onnx');
    for await (const chunk of iterate(opened.chunks)) if (chunk.length > 0) break;
    expect(cancelled).toBe(true);
  });
});
