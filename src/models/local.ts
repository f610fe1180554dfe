/**
 * Model files at hand: dropped on the page, or in a folder that the command line reads. Whoever has the files says how to
 * open them; their order and folders do not matter.
 */
import { ModelError } from '../errors';
import { readText } from './chunks';
import type { ModelFiles, OpenModelFile } from './files';
import { belongsTo, graphsOf, rankOnnx, rootOf, type SourceListing } from './variants';

export interface LocalFile {
  /** With folders or without, e.g. `fable-7m/onnx/model_q4.onnx`. */
  readonly path: string;
  readonly bytes: number;
  open(): OpenModelFile['chunks'];
}

/** A file that a person dropped or picked, and where it lay in its folder. */
export const localFile = (file: File, path = file.name): LocalFile => ({
  path,
  bytes: file.size,
  open: () => file.stream(),
});

/**
 * Finds the model among the files. Paths are looked up relative to the model's folder, and where that fails by name alone.
 * @param onnxPath the graph to load, as the files' paths have it or relative to the model's folder; default: the best
 * @throws ModelError where there is no ONNX file
 */
export function localModelFiles(files: readonly LocalFile[], onnxPath?: string): ModelFiles {
  const ranked = rankOnnx(files.map((file) => file.path));
  const chosen =
    onnxPath === undefined
      ? ranked[0]
      : (ranked.find((path) => path === onnxPath) ?? ranked.find((path) => path.endsWith(`/${onnxPath}`)));
  if (chosen === undefined && onnxPath !== undefined) {
    throw new ModelError(`${onnxPath} is not among the files.`, { file: onnxPath }, 'Choose one of the graphs listed.');
  }
  if (chosen === undefined) {
    throw new ModelError(
      files.length === 0 ? 'There are no files.' : 'There is no ONNX file of a language model among the files.',
      {},
      'Choose the folder of a model: the .onnx file, config.json, tokenizer.json and, if there is one, the .onnx_data file.',
    );
  }
  const root = rootOf(chosen, new Set(files.map(({ path }) => path)));
  const relative = files
    .filter((file) => file.path.startsWith(root))
    .map((file) => ({ ...file, path: file.path.slice(root.length), open: () => file.open() }));
  const find = (path: string): LocalFile | null => {
    const exact = relative.find((file) => file.path === path);
    if (exact !== undefined) return exact;
    const named = files.filter((file) => baseName(file.path) === baseName(path));
    return named.length === 1 ? (named[0] ?? null) : null;
  };
  const graph = chosen.slice(root.length);
  return {
    name: nameOf(root, graph),
    onnxPath: graph,
    entries: relative.filter(({ path }) => belongsTo(graph, path)).map(({ path, bytes }) => ({ path, bytes })),
    async open(path) {
      const file = find(path);
      if (file === null) {
        throw new ModelError(
          `${path} is missing.`,
          { file: path },
          'Add it: the weights of this model lie in a file of their own, beside the .onnx file.',
        );
      }
      return { bytes: file.bytes, chunks: file.open() };
    },
    async text(path) {
      const file = find(path);
      return file === null ? null : readText(file.open());
    },
  };
}

/** What the files offer, by their own paths. */
export function localListing(files: readonly LocalFile[]): SourceListing {
  return { name: localModelFiles(files).name, commit: null, graphs: graphsOf(files) };
}

function nameOf(root: string, onnxPath: string): string {
  const folder = baseName(root.replace(/\/$/, ''));
  return folder !== '' ? folder : baseName(onnxPath).replace(/\.onnx$/i, '');
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
