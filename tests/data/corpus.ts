/** The corpus of awkward datasets, tests/fixtures/data: what a person gets of each. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDataset } from '../../src/data';
import { DataError } from '../../src/errors';
import type { DatasetFile, DatasetSource, ReadingChoices } from '../../src/worker/protocol';

export const corpusFolder = fileURLToPath(new URL('../fixtures/data', import.meta.url));
const aboutTheCorpus = ['expected.json', 'README.md'];

/** Files and folders of the corpus. */
export const corpusNames = readdirSync(corpusFolder)
  .filter((name) => !aboutTheCorpus.includes(name))
  .sort();

export function corpusSource(name: string): DatasetSource {
  const files = readdirSync(corpusFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(corpusFolder.length + 1))
    .filter((path) => path === name || path.startsWith(`${name}/`))
    .map((path): DatasetFile => ({ path, blob: new Blob([readFileSync(join(corpusFolder, path))]) }));
  return { key: name, name, files };
}

export const sourceOf = (name: string, content: BlobPart): DatasetSource => ({
  key: name,
  name,
  files: [{ path: name, blob: new Blob([content]) }],
});

interface Settings {
  readonly choices?: ReadingChoices;
  readonly maxRows?: number;
  readonly seed?: number;
}

export const read = (source: DatasetSource, { choices = {}, maxRows = 10_000, seed = 0 }: Settings = {}) =>
  readDataset(source, {
    choices,
    maxRows,
    seed,
    onProgress: () => {},
    onHead: () => {},
    signal: new AbortController().signal,
  });

/** What a person sees of a dataset: its rows and how they were read, or the error. */
export async function outcomeOf(source: DatasetSource, settings: Settings = {}) {
  try {
    const { rows, columns, problems, reading } = await read(source, settings);
    const { format, encoding, delimiter, header, unit, shape, reason, files } = reading;
    const leftOut = files.filter((file) => file.leftOut !== null).map((file) => [file.path, file.leftOut]);
    const heldOut = rows.filter(({ split }) => split === 'validation').length;
    return {
      rows: rows.length,
      columns,
      format,
      shape,
      reason,
      ...(encoding !== null && encoding !== 'utf-8' && { encoding }),
      ...(format === 'csv' && { delimiter, header }),
      ...(unit !== null && { unit }),
      ...(heldOut > 0 && { heldOut }),
      ...(leftOut.length > 0 && { leftOut: Object.fromEntries(leftOut) }),
      ...(problems.length > 0 && { problems: problems.map(({ line, kind, reason }) => `${line} ${kind}: ${reason}`) }),
      lines: rows.map(({ line }) => line).join(' '),
      first: rows[0]?.cells,
      last: rows.at(-1)?.cells,
    };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { error: error.message, hint: error.hint };
  }
}
