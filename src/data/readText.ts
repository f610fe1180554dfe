/**
 * The text of a dropped file. UTF-8, or UTF-16 with its mark; other encodings are refused rather than guessed, because a
 * wrong guess would train on letters that nobody wrote.
 */
import { DataError } from '../errors';

/** @throws DataError with the line of the first byte that is no UTF-8 */
export function readText(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch (cause) {
    const line = firstBadLine(bytes);
    throw new DataError(
      bytes.includes(0) ? `${name} is not a text file.` : `${name} is not UTF-8 text: line ${line} holds other bytes.`,
      { file: name, line },
      'Save it as UTF-8 and drop it again (from a spreadsheet: Save as, CSV UTF-8).',
      { cause },
    );
  }
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}

/** A line feed is never part of a longer UTF-8 character, so that each line can be judged alone. */
function firstBadLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const feed = bytes.indexOf(0x0a, start);
    const end = feed < 0 ? bytes.length : feed;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end + 1;
  }
  return 1;
}
