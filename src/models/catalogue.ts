/** The models that come with the page. Models of the hub, and those a person drops, are not listed here. */
import { ModelError } from '../errors';
import { fetchedModelFiles } from './fetched';
import type { ModelFileEntry, ModelFiles } from './files';

export interface CatalogueModel {
  /** Its folder in `models/`, and its name in `?model=`. */
  readonly name: string;
  readonly label: string;
  /** e.g. `4-bit`. */
  readonly precision: string;
  readonly description: string;
  readonly licence: string;
  readonly onnxPath: string;
  readonly files: readonly ModelFileEntry[];
}

export const defaultModelName = 'fable-7m';

export const catalogue: readonly CatalogueModel[] = [
  {
    name: defaultModelName,
    label: 'Fable 7M',
    precision: '4-bit',
    description: 'A small model of simple English stories, made for this project.',
    licence: 'MIT',
    onnxPath: 'onnx/model_q4.onnx',
    files: [
      { path: 'config.json', bytes: 657 },
      { path: 'generation_config.json', bytes: 165 },
      { path: 'tokenizer.json', bytes: 263024 },
      { path: 'tokenizer_config.json', bytes: 1256 },
      { path: 'onnx/model_q4.onnx', bytes: 4468231 },
    ],
  },
];

/**
 * The files of a model in the page's `models/` folder. A name that is not in the catalogue works as well, where the server
 * has a folder of that name with `onnx/model_q4.onnx`.
 * @param modelsUrl absolute address of the `models/` folder
 */
export function bundledModelFiles(name: string, modelsUrl: string, fetcher?: typeof fetch): ModelFiles {
  if (!/^[\w.-]+$/.test(name) || /^\.+$/.test(name)) {
    throw new ModelError(`"${name}" is not the name of a model.`, {}, `Try "${defaultModelName}".`);
  }
  const known = catalogue.find((model) => model.name === name);
  const baseUrl = new URL(`${name}/`, modelsUrl.endsWith('/') ? modelsUrl : `${modelsUrl}/`).href;
  const files = fetchedModelFiles(
    { name, baseUrl, onnxPath: known?.onnxPath ?? 'onnx/model_q4.onnx', ...(known ? { entries: known.files } : {}) },
    fetcher,
  );
  return {
    ...files,
    async text(path) {
      const text = await files.text(path);
      if (text !== null || path !== 'config.json' || known) return text;
      const names = catalogue.map((model) => `"${model.name}"`).join(', ');
      throw new ModelError(
        `There is no model "${name}" beside this page.`,
        {},
        `Try ${names}, or drop a model folder.`,
      );
    },
  };
}
