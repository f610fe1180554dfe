/** What the tests of remote models share: a small repository, a library in Node whose time stands still, and reading. */
import { browserLibrary, type ModelFiles, type ModelLibrary } from '../../src/models';
import type { BlobStore } from '../../src/models/cache/blobStore';
import { type Locks, localLocks } from '../../src/models/cache/locks';
import { memoryStore } from '../../src/models/cache/memoryStore';
import { iterate } from '../../src/models/chunks';
import type { TransferWatch } from '../../src/models/files';
import type { Clock } from '../../src/models/transfer/clock';
import { randomSource } from '../support/random';

export const REPO = 'tales/tiny';
export const GRAPH = 'onnx/model_q4.onnx';
export const CHUNK = 1000;
export const WEIGHT_BYTES = 9500;

export const bytesOf = (seed: number, length: number): Uint8Array => {
  const random = randomSource(seed);
  return Uint8Array.from({ length }, () => random() * 256);
};

export const repoFiles = (seed = 1): Record<string, Uint8Array> => ({
  'config.json': new TextEncoder().encode(`{"seed": ${seed}}`),
  'tokenizer.json': new TextEncoder().encode('{}'),
  'README.md': new TextEncoder().encode('# Tiny'),
  'onnx/model.onnx': bytesOf(7, 3000),
  'onnx/model.onnx_data': bytesOf(8, 5000),
  'onnx/model.onnx_data_1': bytesOf(9, 4000),
  [GRAPH]: bytesOf(seed, WEIGHT_BYTES),
});

const STALL_MS = 30_000;

export interface TestClock extends Clock {
  /** How long was waited between attempts. */
  readonly pauses: number[];
  /** As much time passes as a connection may bring nothing. */
  passStall(): void;
}

function testClock(): TestClock {
  const pauses: number[] = [];
  let stalls = 0;
  let wake: (() => void) | undefined;
  let time = 1_700_000_000_000;
  return {
    pauses,
    now: () => time++,
    // The first wait began before the last bytes came; the second one sees none.
    passStall: () => {
      stalls = 2;
      wake?.();
    },
    async sleep(milliseconds, signal) {
      if (milliseconds !== STALL_MS) return void pauses.push(milliseconds);
      if (stalls === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal.addEventListener('abort', () => resolve());
        });
      }
      // Until then the reader has asked for more.
      await new Promise((resolve) => setImmediate(resolve));
      stalls = Math.max(0, stalls - 1);
    },
  };
}

export interface TestLibrary {
  readonly library: ModelLibrary;
  readonly store: BlobStore;
  readonly clock: TestClock;
}

/** A browser in Node: what it keeps is in `store`, so that another library with the same store is the page reloaded. */
export function testLibrary(
  hubUrl: string,
  store: BlobStore = memoryStore(),
  locks: Locks = localLocks(),
): TestLibrary {
  const clock = testClock();
  const library = browserLibrary({
    modelsUrl: 'http://localhost/models/',
    hubUrl,
    network: { clock, random: () => 0.5, stallMs: STALL_MS },
    openStore: async () => store,
    locks,
    chunkBytes: CHUNK,
  });
  return { library, store, clock };
}

export const hubSource = (more: { revision?: string; onnxPath?: string; token?: string } = {}) =>
  ({ type: 'hub', repo: REPO, revision: 'main', ...more }) as const;

export async function readFile(
  files: ModelFiles,
  path: string,
  { watch, onPiece }: { watch?: TransferWatch; onPiece?: (received: number) => void } = {},
): Promise<Uint8Array> {
  const { chunks } = await files.open(path, watch);
  const pieces: Uint8Array[] = [];
  let received = 0;
  for await (const piece of iterate(chunks)) {
    pieces.push(piece.slice());
    received += piece.length;
    onPiece?.(received);
  }
  return new Uint8Array(Buffer.concat(pieces));
}

/** Reads until so many bytes are there, then lets go, as a page does that is closed. */
export async function readSome(files: ModelFiles, path: string, bytes: number): Promise<void> {
  let received = 0;
  for await (const piece of iterate((await files.open(path)).chunks)) {
    received += piece.length;
    if (received >= bytes) return;
  }
}
