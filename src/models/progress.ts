/** One honest bar over all files of a model: what has arrived, of how much, how fast. */
import type { LoadProgress } from '../worker/protocol';
import { iterate } from './chunks';
import type { ModelFiles, OpenModelFile } from './files';

type Downloading = Extract<LoadProgress, { status: 'downloading' }>;

/** Reports are at least this far apart, save the last of a file. */
const intervalMs = 100;

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
  const start = now();
  let loaded = 0;
  let reported = Number.NEGATIVE_INFINITY;
  const tell = (file: string, last: boolean) => {
    const time = now();
    if (!last && time - reported < intervalMs) return;
    reported = time;
    const known = [...sizes.values()].every((bytes) => bytes !== null);
    const sum = [...sizes.values()].reduce<number>((total, bytes) => total + (bytes ?? 0), 0);
    const seconds = (time - start) / 1000;
    report({
      status: 'downloading',
      file,
      loaded,
      total: known ? Math.max(sum, loaded) : null,
      bytesPerSecond: seconds > 0 ? loaded / seconds : 0,
    });
  };
  async function* counted(path: string, chunks: OpenModelFile['chunks']): AsyncGenerator<Uint8Array> {
    for await (const chunk of iterate(chunks)) {
      loaded += chunk.byteLength;
      tell(path, false);
      yield chunk;
    }
    tell(path, true);
  }
  return {
    name: files.name,
    onnxPath: files.onnxPath,
    entries: files.entries,
    async open(path) {
      const opened = await files.open(path);
      sizes.set(path, opened.bytes ?? sizes.get(path) ?? null);
      tell(path, false);
      return { bytes: opened.bytes, chunks: counted(path, opened.chunks) };
    },
    async text(path) {
      const text = await files.text(path);
      if (text === null) {
        sizes.delete(path);
      } else {
        const bytes = new TextEncoder().encode(text).byteLength;
        sizes.set(path, bytes);
        loaded += bytes;
        tell(path, false);
      }
      return text;
    },
  };
}
