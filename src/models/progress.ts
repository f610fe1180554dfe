/**
 * One honest bar over all files of a model: what has arrived, of how much, how fast. It never goes back: not when a
 * connection is cut, nor when a file is read a second time.
 */
import type { LoadProgress } from '../worker/protocol';
import { iterate } from './chunks';
import type { ModelFiles, OpenModelFile, Retry, TransferWatch } from './files';

type Downloading = Extract<LoadProgress, { status: 'downloading' }>;

/** Reports are at least this far apart, save the last of a file and those of a cut connection. */
const INTERVAL_MS = 100;
/** The rate is that of this last stretch of time. */
const RATE_WINDOW_MS = 4000;

/**
 * The same files; what is read through `open` and `text` is reported. `total` is the sum of all known sizes, null while
 * one is unknown.
 * @param now milliseconds, ever increasing
 */
export function withProgress(
  files: ModelFiles,
  report: (progress: Downloading) => void,
  now: () => number = () => performance.now(),
): ModelFiles {
  const sizes = new Map(files.entries.map((entry) => [entry.path, entry.bytes]));
  /** How far each file has been read at its furthest. */
  const furthest = new Map<string, number>();
  const rate = new RecentRate(now());
  let reported = Number.NEGATIVE_INFINITY;
  let retry: Retry | null = null;
  let cached = false;

  const tell = (file: string, always: boolean) => {
    const time = now();
    if (!always && time - reported < INTERVAL_MS) return;
    reported = time;
    const loaded = sum(furthest.values());
    const known = [...sizes.values()].every((bytes) => bytes !== null);
    const total = known ? Math.max(sum(sizes.values()), loaded) : null;
    const bytesPerSecond = rate.at(time);
    const secondsLeft = total !== null && bytesPerSecond > 0 ? (total - loaded) / bytesPerSecond : null;
    report({ status: 'downloading', file, loaded, total, bytesPerSecond, secondsLeft, retry, cached });
  };
  const watch = (file: string): TransferWatch => ({
    onCached(next) {
      if (next === cached) return;
      cached = next;
      // What comes out of the cache says nothing of how fast the network is.
      rate.restart(now());
    },
    onRetry(next) {
      if (next === retry) return;
      retry = next;
      tell(file, true);
    },
  });
  const reach = (path: string, position: number) => {
    const before = furthest.get(path) ?? 0;
    if (position <= before) return;
    furthest.set(path, position);
    rate.add(now(), position - before);
  };
  async function* counted(path: string, chunks: OpenModelFile['chunks']): AsyncGenerator<Uint8Array> {
    let position = 0;
    try {
      for await (const chunk of iterate(chunks)) {
        position += chunk.byteLength;
        reach(path, position);
        tell(path, false);
        yield chunk;
      }
    } finally {
      // Also where the reader knows the size and does not wait for the end.
      tell(path, true);
    }
  }
  return {
    name: files.name,
    onnxPath: files.onnxPath,
    entries: files.entries,
    async open(path) {
      const opened = await files.open(path, watch(path));
      sizes.set(path, opened.bytes ?? sizes.get(path) ?? null);
      tell(path, false);
      return { bytes: opened.bytes, chunks: counted(path, opened.chunks) };
    },
    async text(path) {
      const text = await files.text(path, watch(path));
      if (text === null) {
        sizes.delete(path);
      } else {
        const bytes = new TextEncoder().encode(text).byteLength;
        sizes.set(path, bytes);
        reach(path, bytes);
        tell(path, false);
      }
      return text;
    },
  };
}

/** Bytes per second over the last seconds. */
class RecentRate {
  private readonly arrivals: { readonly time: number; readonly bytes: number }[] = [];

  constructor(private start: number) {}

  restart(time: number): void {
    this.arrivals.length = 0;
    this.start = time;
  }

  add(time: number, bytes: number): void {
    const last = this.arrivals.at(-1);
    // One entry per report's time is as fine as anybody looks.
    if (last && time - last.time < INTERVAL_MS)
      this.arrivals[this.arrivals.length - 1] = { ...last, bytes: last.bytes + bytes };
    else this.arrivals.push({ time, bytes });
  }

  at(time: number): number {
    const from = Math.max(this.start, time - RATE_WINDOW_MS);
    while (this.arrivals[0] && this.arrivals[0].time < from) this.arrivals.shift();
    const seconds = (time - from) / 1000;
    return seconds > 0 ? sum(this.arrivals.map(({ bytes }) => bytes)) / seconds : 0;
  }
}

function sum(values: Iterable<number | null>): number {
  let total = 0;
  for (const value of values) total += value ?? 0;
  return total;
}
