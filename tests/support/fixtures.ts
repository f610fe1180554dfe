/** The golden decoders of tests/fixtures, and the bundled model, as tests read them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Decoder, describeDecoder } from '../../src/autodiff';
import { CASE_FILES, type CaseFiles, parseCase } from '../../src/cli/gradientCase';
import { readModel } from '../../src/onnx';
import { type Backend, LoadedDecoder, type LoadOptions } from '../../src/runtime';

const folder = fileURLToPath(new URL('../fixtures/', import.meta.url));
const bundled = fileURLToPath(new URL('../../public/models/fable-7m/onnx/model_q4.onnx', import.meta.url));

export const goldenCases: readonly string[] = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(`${folder}${entry.name}/${CASE_FILES.description}`))
  .map(({ name }) => name);

const bytesOf = (path: string) => new Uint8Array(readFileSync(path));

export const readCase = (name: string): CaseFiles => ({
  model: bytesOf(`${folder}${name}/${CASE_FILES.model}`),
  description: readFileSync(`${folder}${name}/${CASE_FILES.description}`, 'utf8'),
  golden: bytesOf(`${folder}${name}/${CASE_FILES.golden}`),
});

export const modelBytes = (name: string): Uint8Array => bytesOf(`${folder}${name}/${CASE_FILES.model}`);

export const readConfig = (name: string): string => readFileSync(`${folder}${name}/config.json`, 'utf8');

export const bundledModelBytes = (): Uint8Array => bytesOf(bundled);

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The decoder alone, without its weights. */
export async function readDecoder(bytes: Uint8Array): Promise<Decoder> {
  return describeDecoder(await readModel(once(bytes), { onTensor: () => {} }));
}

/** The same of a golden case, with the sizes that its file leaves open. */
export async function readCaseDecoder(name: string): Promise<Decoder> {
  const model = await readModel(once(modelBytes(name)), { onTensor: () => {} });
  const { kvHeads, headDim } = parseCase(readCase(name));
  return describeDecoder(model, { kvHeads, headDim });
}

export const loadFixture = (backend: Backend, name: string, options: LoadOptions = {}): Promise<LoadedDecoder> =>
  LoadedDecoder.load(backend, once(modelBytes(name)), options);

/** The same of a golden case, with the sizes that its file leaves open. */
export function loadCase(backend: Backend, name: string, options: LoadOptions = {}): Promise<LoadedDecoder> {
  const { kvHeads, headDim } = parseCase(readCase(name));
  return loadFixture(backend, name, { ...options, hints: { kvHeads, headDim } });
}
