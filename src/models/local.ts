/**
 * Model files at hand: dropped on the page, or in a folder that the command line reads. Whoever has the files says how to
 * open them; their order and folders do not matter.
 */
import { ModelError } from '../errors';
import { readText } from './chunks';
import type { ModelFiles, OpenModelFile } from './files';
import { chooseOnnx } from './files';

export interface LocalFile {
  /** With folders or without, e.g. `fable-7m/onnx/model_q4.onnx`. */
  readonly path: string;
  readonly bytes: number;
  open(): OpenModelFile['chunks'];
}

/** A file that a person dropped or picked; a dropped folder keeps its paths. */
export function localFile(file: File): LocalFile {
  // Drop zones put the path into a property of their own, since `webkitRelativePath` is for pickers alone.
  const path = 'path' in file && typeof file.path === 'string' ? file.path : file.webkitRelativePath || file.name;
  return { path: path.replace(/^[./]+/, ''), bytes: file.size, open: () => file.stream() };
}

/**
 * Finds the model among the files. Paths are looked up relative to the model's folder, and where that fails by name alone.
 * @throws ModelError where there is no ONNX file
 */
export function localModelFiles(files: readonly LocalFile[]): ModelFiles {
  const chosen = chooseOnnx(files.map((file) => file.path));
  if (chosen === null) {
    throw new ModelError(
      files.length === 0 ? 'There are no files.' : 'There is no ONNX file of a language model among the files.',
      {},
      'Choose the folder of a model: the .onnx file, config.json, tokenizer.json and, if there is one, the .onnx_data file.',
    );
  }
  const root = rootOf(chosen, files);
  const relative = files
    .filter((file) => file.path.startsWith(root))
    .map((file) => ({ ...file, path: file.path.slice(root.length), open: () => file.open() }));
  const find = (path: string): LocalFile | null => {
    const exact = relative.find((file) => file.path === path);
    if (exact !== undefined) return exact;
    const named = files.filter((file) => baseName(file.path) === baseName(path));
    return named.length === 1 ? (named[0] ?? null) : null;
  };
  const onnxPath = chosen.slice(root.length);
  return {
    name: nameOf(root, onnxPath),
    onnxPath,
    entries: relative.filter((file) => belongs(file.path, onnxPath)).map(({ path, bytes }) => ({ path, bytes })),
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

/** The model's folder: where the nearest config.json lies, seen from the ONNX file upwards. */
function rootOf(onnxPath: string, files: readonly LocalFile[]): string {
  const paths = new Set(files.map((file) => file.path));
  for (let folder = folderOf(onnxPath); ; folder = folderOf(folder.slice(0, -1))) {
    if (paths.has(`${folder}config.json`)) return folder;
    if (folder === '') return folderOf(onnxPath);
  }
}

/** The model's JSON files, the graph and its data, but not the graphs of other precisions beside it. */
function belongs(path: string, onnxPath: string): boolean {
  if (path === onnxPath || path.startsWith(`${onnxPath}_data`) || path.startsWith(`${onnxPath}.data`)) return true;
  return /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|chat_template)\.(json|jinja)$/.test(
    path,
  );
}

function nameOf(root: string, onnxPath: string): string {
  const folder = baseName(root.replace(/\/$/, ''));
  return folder !== '' ? folder : baseName(onnxPath).replace(/\.onnx$/i, '');
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
