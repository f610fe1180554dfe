/**
 * The files of a dataset → those that are read, in which format, and those that are left out and why: what is inside a zip,
 * what a folder's other files are, which file belongs to which split, and whether folders are labels.
 */
import { DataError } from '../../errors';
import type { DatasetSource, ReadingChoices } from '../../worker/dataProtocol';
import { byteKind } from './bytes';
import { Decoding } from './encoding';
import { blobInput, gzipInput, type Input } from './input';
import { type Head, recogniseText, type TextFormat } from './recognise';
import { type Split, splitOfPath } from './splitNames';
import { zipEntries } from './zip';

export interface PlannedFile {
  readonly input: Input;
  readonly split: Split | null;
  /** Parquet, or text: its format, its first bytes, and its folder where that is its label. */
  readonly content:
    | { readonly type: 'parquet' }
    | { readonly type: 'text'; readonly format: TextFormat; readonly head: Uint8Array; readonly label: string | null };
}

export interface LeftOut {
  readonly path: string;
  readonly reason: string;
  /** Where the file was to be read and could not. */
  readonly error?: DataError;
}

export interface Plan {
  readonly files: readonly PlannedFile[];
  readonly leftOut: readonly LeftOut[];
}

const headBytes = 2 ** 18;

/** An error about a file, to stand beside its path: `it is a PNG image`. */
export function reasonFor(path: string, { message }: DataError): string {
  return message.startsWith(`${path} `) ? `it${message.slice(path.length).replace(/\.$/, '')}` : message;
}

type Recognised = Pick<PlannedFile, 'input' | 'content'>;

/** @throws DataError where no file can be read */
export async function planFiles(source: DatasetSource, choices: ReadingChoices, signal: AbortSignal): Promise<Plan> {
  const leftOut: LeftOut[] = [];
  const recognised: Recognised[] = [];
  const inputs: Input[] = [];
  for (const { path, blob } of [...source.files].sort(byPath)) {
    const kind = byteKind(new Uint8Array(await blob.slice(0, 16).arrayBuffer()));
    const reason = source.files.length > 1 ? leftOutByName(path) : null;
    if (reason !== null) leftOut.push({ path, reason });
    else if (kind.type === 'gzip') inputs.push(gzipInput(path, blob));
    else if (kind.type === 'zip') {
      const entries = await entriesOf(path, blob, source.files.length > 1, leftOut);
      inputs.push(...entries);
    } else inputs.push(blobInput(path, blob));
  }
  const alone = inputs.length + leftOut.length === 1;
  for (const input of inputs.sort(byPath)) {
    signal.throwIfAborted();
    try {
      recognised.push({ input, content: await recognise(input, choices) });
    } catch (error) {
      if (alone || !(error instanceof DataError)) throw error;
      leftOut.push({ path: input.path, reason: reasonFor(input.path, error), error });
    }
  }
  return withSplits(withoutNotes(withLabels(recognised), leftOut), leftOut, source.name);
}

const byPath = (a: { readonly path: string }, b: { readonly path: string }) =>
  a.path.localeCompare(b.path, 'en', { numeric: true });

/** What lies beside data; null for what may be data. */
function leftOutByName(path: string): string | null {
  const parts = path.split('/');
  const name = parts.at(-1) ?? '';
  if (parts.includes('__MACOSX')) return 'macOS put it there';
  if (parts.some((part) => part.startsWith('.') && part !== '.' && part !== '..')) return 'it is hidden';
  if (/^(thumbs\.db|desktop\.ini)$/i.test(name)) return 'Windows put it there';
  if (/^(readme|licen[cs]e|copying|changelog|citation|notice)\b/i.test(name) || /\.(md|rst)$/i.test(name)) {
    return 'it is about the data';
  }
  return /^(dataset_infos?|dataset_dict|state|metadata)\.json$/i.test(name) ? 'it is about the data' : null;
}

async function entriesOf(path: string, blob: Blob, oneOfMany: boolean, leftOut: LeftOut[]): Promise<Input[]> {
  const inputs: Input[] = [];
  for (const entry of await zipEntries(path, blob)) {
    const reason = leftOutByName(entry.path);
    const error = entry.leftOut;
    const within = oneOfMany ? `${path}/${entry.path}` : entry.path;
    if (reason !== null) leftOut.push({ path: within, reason });
    else if (error !== null) leftOut.push({ path: within, reason: reasonFor(entry.path, error), error });
    else inputs.push({ ...entry.input, path: within });
  }
  return inputs;
}

/** @throws DataError where it holds no rows */
async function recognise(input: Input, choices: ReadingChoices): Promise<PlannedFile['content']> {
  const { path } = input;
  const { bytes, whole } = await headOf(input);
  const kind = byteKind(bytes);
  if (kind.type === 'parquet') return { type: 'parquet' };
  if (kind.type === 'other') throw new DataError(`${path} is ${kind.what}.`, { file: path }, kind.hint);
  if (kind.type !== 'text') {
    throw new DataError(`${path} is packed once more.`, { file: path }, 'Unpack it and drop what is inside.');
  }
  const decoding = new Decoding(path, bytes, choices.encoding);
  const text = decoding.write(bytes) + (whole ? decoding.end() : '');
  return { type: 'text', format: recogniseHead(path, { text, whole }, choices), head: bytes, label: null };
}

/** @throws DataError where it holds no rows */
export function recogniseHead(path: string, head: Head, choices: ReadingChoices): TextFormat {
  if (head.whole && head.text.trim() === '') {
    throw new DataError(`${path} is empty.`, { file: path, line: 1 }, 'Drop a file with at least two rows.');
  }
  return recogniseText(path, head, choices);
}

async function headOf(input: Input): Promise<{ bytes: Uint8Array; whole: boolean }> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of input.open(() => {})) {
    parts.push(chunk);
    length += chunk.length;
    if (length > headBytes) break;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes: bytes.slice(0, headBytes), whole: length <= headBytes };
}

/** `pos/1.txt`, `neg/2.txt`: where all are texts in two folders or more, a file is a row and its folder the label. */
function withLabels(files: readonly Recognised[]): readonly Recognised[] {
  const folders = new Set(files.map(({ input }) => labelOf(input.path)));
  const texts = files.every(({ input, content }) => content.type === 'text' && /\.(txt|text)$/i.test(input.path));
  if (!texts || folders.has(null) || folders.size < 2) return files;
  return files.map(({ input, content }): Recognised => {
    if (content.type !== 'text') return { input, content };
    const format = { format: 'text', unit: 'file', why: 'each file is a row, and its folder is the label' } as const;
    return { input, content: { ...content, format, label: labelOf(input.path) } };
  });
}

/** The nearest folder that is no split's. */
function labelOf(path: string): string | null {
  const folders = path.split('/').slice(0, -1);
  return folders.findLast((folder) => splitOfPath(folder) === null) ?? null;
}

/** Plain text beside tables is about them. */
function withoutNotes(files: readonly Recognised[], leftOut: LeftOut[]): readonly Recognised[] {
  const isNote = ({ content }: Recognised) => content.type === 'text' && content.format.format === 'text';
  if (files.every(isNote)) return files;
  for (const { input } of files.filter(isNote)) {
    leftOut.push({ path: input.path, reason: 'it is plain text beside files with columns' });
  }
  return files.filter((file) => !isNote(file));
}

/** Files are of a split where some are for training and others are not. Test files are held out where no others are. */
function withSplits(files: readonly Recognised[], leftOut: LeftOut[], name: string): Plan {
  const said = new Map(files.map((file) => [file, splitOfPath(file.input.path)]));
  const kinds = new Set(said.values());
  const brought = kinds.has('train') && (kinds.has('validation') || kinds.has('test'));
  const planned: PlannedFile[] = [];
  for (const file of files) {
    const split = said.get(file) ?? null;
    if (brought && split === 'test' && kinds.has('validation')) {
      leftOut.push({ path: file.input.path, reason: 'it is the test split; the validation split is held out' });
    } else if (!brought) planned.push({ ...file, split: null });
    else planned.push({ ...file, split: split === 'test' ? 'validation' : (split ?? 'train') });
  }
  if (planned.length > 0) return { files: planned, leftOut };
  const failed = leftOut.find(({ error }) => error !== undefined);
  if (failed?.error) throw failed.error;
  const [first] = leftOut;
  throw new DataError(
    `${name} holds no file with rows${first ? `: ${first.path} is left out, since ${first.reason}` : ''}.`,
    { file: name },
    'Drop the file that holds the rows: CSV, JSON, JSON Lines, Parquet or plain text.',
  );
}
