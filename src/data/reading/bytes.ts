/** What a file's first bytes say it is, whatever its name says. */

export type ByteKind =
  | { readonly type: 'parquet' | 'zip' | 'gzip' | 'text' }
  /** Nothing with rows. */
  | { readonly type: 'other'; readonly what: string; readonly hint: string };

const download = 'Drop the file that holds the rows: CSV, JSON, JSON Lines, Parquet or plain text.';
const save = 'Open it where it was made and save its rows as CSV (UTF-8).';
const unpack = 'Unpack it and drop what is inside, or pack it as zip.';

/** Signatures in hexadecimal; `..` is any byte. */
const signatures: readonly (readonly [string, string, string])[] = [
  ['89504e470d0a1a0a', 'a PNG image', download],
  ['ffd8ff', 'a JPEG image', download],
  ['47494638', 'a GIF image', download],
  ['52494646........57454250', 'a WebP image', download],
  ['52494646........57415645', 'a sound', download],
  ['49443303', 'a sound', download],
  ['........66747970', 'a video', download],
  ['255044462d', 'a PDF document', 'Copy its text into a plain text file, or save its tables as CSV.'],
  ['d0cf11e0a1b11ae1', 'an old Excel or Word file', save],
  ['7b5c727466', 'an RTF document', 'Save it as plain text.'],
  ['4c00000001140200', 'a Windows shortcut', 'It only points to a file: drop that file itself.'],
  ['53514c69746520666f726d6174203300', 'an SQLite database', 'Export the table as CSV.'],
  ['377abcaf271c', 'a 7z archive', unpack],
  ['526172211a07', 'a RAR archive', unpack],
  ['425a68', 'a bzip2 archive', unpack],
  ['fd377a585a00', 'an xz archive', unpack],
  ['28b52ffd', 'a Zstandard archive', unpack],
  ['4152524f5731', 'an Arrow file', 'Save it as Parquet, CSV or JSON Lines.'],
  ['894844460d0a1a0a', 'an HDF5 file', 'Save its rows as Parquet, CSV or JSON Lines.'],
  ['934e554d5059', 'a NumPy array', 'Save its rows as CSV or JSON Lines.'],
  ['47475546', 'a model (GGUF), not a dataset', 'Drop it under Model.'],
  ['8004', 'a Python pickle', 'Save its rows as Parquet, CSV or JSON Lines: a pickle can run code when it is read.'],
  ['7f454c46', 'a program', download],
  ['4d5a9000', 'a program', download],
];

export function byteKind(head: Uint8Array): ByteKind {
  const hex = Array.from(head.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (hex.startsWith('50415231')) return { type: 'parquet' };
  if (hex.startsWith('504b0304') || hex.startsWith('504b0506')) return { type: 'zip' };
  if (hex.startsWith('1f8b')) return { type: 'gzip' };
  for (const [signature, what, hint] of signatures) {
    if (new RegExp(`^${signature}`).test(hex)) return { type: 'other', what, hint };
  }
  return { type: 'text' };
}

/** Spreadsheets and documents are zips of their own kind, which their entries' names give away. */
export function documentIn(paths: readonly string[]): ByteKind | null {
  const has = (part: string) => paths.some((path) => path.startsWith(part));
  if (has('xl/'))
    return { type: 'other', what: 'an Excel spreadsheet', hint: 'Save it as CSV (Save as, CSV UTF-8) and drop that.' };
  if (has('word/')) return { type: 'other', what: 'a Word document', hint: 'Save it as plain text and drop that.' };
  if (has('ppt/')) return { type: 'other', what: 'a PowerPoint file', hint: download };
  if (has('content.xml') && has('META-INF/')) {
    return { type: 'other', what: 'an OpenDocument file', hint: 'Save it as CSV, or as plain text, and drop that.' };
  }
  return null;
}
